import type { Instance } from '../helpers/instance.ts'

/** The product's HTTP as scenarios use it: the public interface, and the sandboxes' control paths. */

export const EVENT = 'Expansion Ready'
export const TAG = 'expansion'

/** event --> MRR over 100? --> tag the Intercom contact --> create a Salesforce opportunity */
export const EXPANSION = {
  name: 'Expansion signal to opportunity',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.event', input: { event: EVENT }, at: [0, 0] },
    {
      id: 'big',
      type: 'flow.branch',
      input: { cases: [{ port: 'over-100', if: { property: 'account.mrr', op: 'gt', value: 100 } }] },
      at: [0, 140],
    },
    {
      id: 'tag',
      type: 'intercom.tagContact@1',
      connection: 'intercom',
      input: { contact: '{{ contact.id }}', tag: TAG },
      at: [-120, 280],
    },
    {
      id: 'opp',
      type: 'salesforce.createOpportunity@1',
      connection: 'salesforce',
      input: {
        account: '{{ account.id }}',
        name: 'Expansion: {{ account.name }}',
        stage: 'Prospecting',
        closeInDays: 30,
        amount: '{{ account.mrr * 12 }}',
      },
      at: [-120, 420],
    },
  ],
  edges: [
    ['start', 'big'],
    ['big.over-100', 'tag'],
    ['tag', 'opp'],
  ],
}

export const PLACED = 'Order Placed'
export const SHIPPED = 'Order Shipped'

/** order placed --> wait until this order is shipped --> create a Salesforce opportunity */
export const SHIPMENT = {
  name: 'Order shipped to opportunity',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.event', input: { event: PLACED }, at: [0, 0] },
    {
      id: 'wait',
      type: 'flow.waitForEvent',
      input: {
        event: SHIPPED,
        keys: [{ property: 'order', path: 'trigger.properties.order' }],
        since: 'trigger',
        maxWait: 'P1D',
      },
      at: [0, 140],
    },
    {
      id: 'opp',
      type: 'salesforce.createOpportunity@1',
      connection: 'salesforce',
      input: {
        account: '{{ account.id }}',
        name: 'Shipped: {{ trigger.properties.order }}',
        stage: 'Prospecting',
        closeInDays: 30,
      },
      at: [0, 280],
    },
  ],
  edges: [
    ['start', 'wait'],
    ['wait.happened', 'opp'],
  ],
}

export interface RunRow {
  id: string
  status: string
  subject: { externalId: string }
}

export type Product = ReturnType<typeof productOf>

export function productOf(instance: Pick<Instance, 'baseUrl' | 'sandboxUrl' | 'apiKey'>) {
  const call = async <T>(method: string, url: string, body?: unknown): Promise<T> => {
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${instance.apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text.slice(0, 300)}`)
    return JSON.parse(text === '' ? 'null' : text) as T
  }
  const api = <T>(method: string, path: string, body?: unknown) => call<T>(method, instance.baseUrl + path, body)
  const sandbox = <T>(method: string, path: string, body?: unknown) =>
    call<T>(method, `${instance.sandboxUrl}/_sandbox/${path}`, body)
  const trpc = (procedure: string, input: unknown) => api<unknown>('POST', `/trpc/${procedure}`, input)

  return {
    api,
    sandbox,
    trpc,
    /** Connects both sandboxes by access tokens, under the slugs `intercom` and `salesforce`. */
    async connect(): Promise<void> {
      const intercom = await sandbox<Token>('POST', 'intercom/tokens', {})
      const salesforce = await sandbox<Token>('POST', 'salesforce/tokens', {})
      const credentials = ({ data }: Token) => ({ accessToken: data.accessToken })
      await trpc('connections.createToken', {
        app: 'intercom',
        slug: 'intercom',
        name: 'Intercom',
        credentials: credentials(intercom),
        settings: {},
      }) // prettier-ignore
      await trpc('connections.createToken', {
        app: 'salesforce',
        slug: 'salesforce',
        name: 'Salesforce',
        credentials: credentials(salesforce),
        settings: { instanceUrl: salesforce.data.instanceUrl },
      }) // prettier-ignore
    },
    async publish(slug: string, document: unknown): Promise<void> {
      await api('PUT', `/v1/playbooks/${slug}`, document)
      await api('POST', `/v1/playbooks/${slug}/publish`, {})
      await api('POST', `/v1/playbooks/${slug}/resume`, {})
    },
    /** Makes contacts with an account of their own, in the workspace and in Intercom. */
    async customers(ids: string[], mrr = 250): Promise<void> {
      for (const id of ids)
        await sandbox('POST', 'intercom/records/contacts', {
          role: 'user',
          external_id: id,
          email: `${id}@example.com`,
        })
      const batch = ids.flatMap((id) => [
        { type: 'identify', messageId: `${id}-i`, userId: id, traits: { email: `${id}@example.com` } },
        { type: 'group', messageId: `${id}-g`, userId: id, groupId: `acct-${id}`, traits: { name: `Acme ${id}`, mrr } },
      ])
      for (let i = 0; i < batch.length; i += 200) await api('POST', '/v1/batch', { batch: batch.slice(i, i + 200) })
    },
    track: (id: string) => api('POST', '/v1/track', { userId: id, event: EVENT, properties: {}, messageId: `${id}-t` }),
    /** Of an order of this contact. */
    order: (id: string, event: string, order: string) =>
      api('POST', '/v1/track', { userId: id, event, properties: { order }, messageId: `${id}-${event}-${order}` }),
    async runs(playbook: string): Promise<RunRow[]> {
      const all: RunRow[] = []
      let cursor: string | null = null
      do {
        const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
        const page = await api<{ data: RunRow[]; nextCursor: string | null }>(
          'GET',
          `/v1/runs?playbook=${playbook}${query}`,
        )
        all.push(...page.data)
        cursor = page.nextCursor
      } while (cursor !== null)
      return all
    },
    async tagged(): Promise<string[]> {
      const { data } = await sandbox<{ data: Contact[] }>('GET', 'intercom/records/contacts')
      return data.flatMap((c) => c.tags.map(() => c.external_id))
    },
    async opportunities(): Promise<string[]> {
      const { data } = await sandbox<{ data: Array<{ Name: string }> }>('GET', 'salesforce/records/Opportunity')
      return data.map(({ Name }) => Name)
    },
  }
}

interface Token {
  data: { accessToken: string; instanceUrl?: string }
}

interface Contact {
  external_id: string
  tags: unknown[]
}

/** Tries until it works: what Segment's libraries do with an event that was not acknowledged. */
export async function insist<T>(work: () => Promise<T>, limitMs = 120_000): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (Date.now() > end) throw error
      await sleep(150)
    }
  }
}

/** Statuses of runs that are over. */
export const FINAL: ReadonlySet<string> = new Set(['completed', 'exited', 'failed', 'cancelled'])

/** @throws Error with some of those that are open, while not all of the playbook's runs are there and over */
export async function allOver(product: Product, { playbook, runs }: { playbook: string; runs: number }): Promise<void> {
  const all = await product.runs(playbook)
  const open = all.filter(({ status }) => !FINAL.has(status))
  if (all.length !== runs || open.length > 0)
    throw new Error(
      `${all.length} of ${runs} runs are there, ${open.length} of them still open: ${open
        .slice(0, 3)
        .map((r) => `${r.id} ${r.status}`)
        .join(', ')}`,
    )
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
