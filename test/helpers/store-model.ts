/**
 * What the store has to hold after some calls of the tracking API, said again from its documentation alone and without
 * any of the product's code: a message counts once; contacts are whom their ids connect; of a property the write of
 * the latest own time stands. Nothing here knows in which order calls arrived, so it says something only of calls
 * whose outcome does not depend on it.
 */

export type Call =
  | (Common & { kind: 'identify'; traits: Traits })
  | (Common & { kind: 'group'; groupId: string; traits: Traits })
  | (Common & { kind: 'track'; event: string; properties: Traits })
  | (Common & { kind: 'page' | 'screen'; name: string; properties: Traits })
  | (Common & { kind: 'alias'; userId: string; previousId: string })

interface Common {
  messageId: string
  userId?: string
  anonymousId?: string
  /** Milliseconds since 1970, when it happened. */
  at: number
  /** The account it happened in. */
  inGroup?: string
  /** Known to be refused, with this code. */
  refused?: string
}

export type Traits = { [name: string]: string | number | boolean }

/** Two stores are compared as texts by key, so that a difference reads as one. */
export interface Store {
  /** By the smallest of its identities, which names it here. */
  contacts: Map<string, ContactState>
  /** By the id that the sender has for it. */
  accounts: Map<string, AccountState>
  /** By message id. */
  events: Map<string, EventState>
  /** Message id → code. */
  refused: Map<string, string>
}

export interface ContactState {
  identities: string[]
  properties: Traits
}

export interface AccountState {
  properties: Traits
  /** Contacts, by their names here. */
  members: string[]
}

export interface EventState {
  kind: string
  name: string | null
  contact: string
  /** Only where the call names one: else it depends on what else was known when it came. */
  account: string | null
  at: number
}

/** The store after these calls, in whatever order and however often each came. */
export function modelStore(calls: Iterable<Call>): Store {
  const once = new Map<string, Call>()
  const refused = new Map<string, string>()
  for (const call of calls)
    if (call.refused !== undefined) refused.set(call.messageId, call.refused)
    else if (!once.has(call.messageId)) once.set(call.messageId, call)
  const persons = connect(once.values())
  const contacts = new Map<string, ContactState>()
  for (const [name, identities] of persons.groups()) contacts.set(name, { identities, properties: {} })
  const accounts = new Map<string, AccountState>()
  const events = new Map<string, EventState>()
  const contactTimes = new Map<string, number>()
  const members = new Map<string, Set<string>>()
  for (const call of once.values()) {
    const contact = persons.nameOf(identitiesOf(call)[0] ?? '')
    if (call.kind === 'identify') write(contactTimes, contact, { onto: contacts.get(contact)?.properties, call })
    const groupId = call.kind === 'group' ? call.groupId : (call.inGroup ?? null)
    if (groupId !== null && !accounts.has(groupId)) accounts.set(groupId, { properties: {}, members: [] })
    if (call.kind === 'group') {
      write(contactTimes, `account ${groupId}`, { onto: accounts.get(call.groupId)?.properties, call })
      members.set(call.groupId, (members.get(call.groupId) ?? new Set()).add(contact))
    }
    events.set(call.messageId, { kind: call.kind, name: nameOf(call), contact, account: groupId, at: call.at })
  }
  for (const [groupId, of] of members) {
    const account = accounts.get(groupId)
    if (account) account.members = [...of].sort()
  }
  return { contacts, accounts, events, refused }
}

function nameOf(call: Call): string | null {
  if (call.kind === 'track') return call.event
  return call.kind === 'page' || call.kind === 'screen' ? call.name : null
}

/** The write of the latest own time stands. */
function write(
  times: Map<string, number>,
  subject: string,
  { onto, call }: { onto: Traits | undefined; call: Call & { traits: Traits } },
): void {
  if (onto === undefined) throw new Error(`The model has lost ${subject}.`)
  for (const [property, value] of Object.entries(call.traits)) {
    const key = `${subject} ${property}`
    const before = times.get(key)
    if (before === call.at) throw new Error(`Two calls write ${key} at one time: the outcome would be open.`)
    if (before !== undefined && before > call.at) continue
    times.set(key, call.at)
    onto[property] = value
  }
}

/** What a call says belongs to one person. */
function identitiesOf(call: Call): string[] {
  const ids = [
    ...(call.userId === undefined ? [] : [`user_id:${call.userId}`]),
    ...(call.anonymousId === undefined ? [] : [`anonymous_id:${call.anonymousId}`]),
  ]
  if (call.kind === 'alias') ids.push(`anonymous_id:${call.previousId}`, `user_id:${call.previousId}`)
  if (call.kind === 'identify' && typeof call.traits.email === 'string')
    ids.push(`email:${call.traits.email.toLowerCase()}`)
  return ids
}

/** Union-find over identities. */
function connect(calls: Iterable<Call>) {
  const parents = new Map<string, string>()
  const root = (id: string): string => {
    let at = id
    for (let up = parents.get(at); up !== undefined && up !== at; up = parents.get(at)) at = up
    parents.set(id, at)
    return at
  }
  for (const call of calls) {
    const [first = '', ...rest] = identitiesOf(call)
    if (!parents.has(first)) parents.set(first, first)
    for (const id of rest) {
      if (!parents.has(id)) parents.set(id, id)
      const [a, b] = [root(first), root(id)]
      if (a === b) continue
      // The smallest stays on top, so that it names the person.
      if (a < b) parents.set(b, a)
      else parents.set(a, b)
    }
  }
  return {
    nameOf: root,
    groups(): Map<string, string[]> {
      const groups = new Map<string, string[]>()
      for (const id of [...parents.keys()].sort()) {
        const name = root(id)
        const group = groups.get(name)
        if (group) group.push(id)
        else groups.set(name, [id])
      }
      return groups
    },
  }
}

/** The first differences between two stores, in words; empty: they are the same. */
export function differences(expected: Store, found: Store, options: { toleranceMs: number; most: number }): string[] {
  const said: string[] = []
  const say = (text: string): void => {
    if (said.length < options.most) said.push(text)
    else if (said.length === options.most) said.push('… and more')
  }
  for (const part of ['contacts', 'accounts', 'events', 'refused'] as const) {
    const [a, b]: [Map<string, unknown>, Map<string, unknown>] = [expected[part], found[part]]
    if (a.size !== b.size) say(`${part}: expected ${a.size}, found ${b.size}`)
    for (const [key, value] of a) {
      const other = b.get(key)
      if (other === undefined) say(`${part}: ${key} is missing (${sorted(value)})`)
      else if (!same(part, value, other))
        say(`${part}: ${key}\n    expected ${sorted(value)}\n    found    ${sorted(other)}`)
    }
    for (const key of b.keys()) if (!a.has(key)) say(`${part}: ${key} should not be there (${sorted(b.get(key))})`)
  }
  return said

  function same(part: keyof Store, value: unknown, other: unknown): boolean {
    if (part !== 'events') return sorted(value) === sorted(other)
    const [a, b] = [value as EventState, other as EventState]
    // The sender's clock is corrected by when the message came, so that the time is off by its way here.
    return Math.abs(a.at - b.at) <= options.toleranceMs && sorted({ ...a, at: 0 }) === sorted({ ...b, at: 0 })
  }
}

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
