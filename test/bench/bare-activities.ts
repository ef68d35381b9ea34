import type { ActionContext, AnyActionDefinition, AnyConnectorDefinition } from '../../nodes/define.ts'
import type { Json } from '../../nodes/manifest.ts'
import { renderInput } from '../../engine/expression/render.ts'
import type { Ports } from '../../engine/ports.ts'
import type { BareActivities } from './run-variants.ts'

const CALL_TIMEOUT_MS = 10_000

/**
 * What a workflow without ledger and record calls: the same facts, templates, connections and vendor clients as the
 * product's activities, and nothing written down.
 * @param ended told of each run whose second call was answered
 */
export function bareActivities(ports: Ports, ended: (runId: string) => void): BareActivities {
  return {
    loadFacts: ({ workspaceId, subject, reads }) =>
      ports.facts.load(workspaceId, subject, { reads, at: ports.clock() }),
    async callVendor({ workspaceId, runId, step, action, connection: slug, input, facts }) {
      const { definition, connector } = definitionsOf(ports, action)
      const opened = await ports.connections.open(workspaceId, slug)
      if (opened.state !== 'open') throw new Error(`The connection ${slug} is ${opened.state}.`)
      const { contact, account } = facts
      const rendered = renderInput(input, {
        contact: contact && { ...contact.properties, id: contact.id },
        account: account && { ...account.properties, id: account.id },
        trigger: {},
        steps: {},
      })
      const { signal } = new AbortController()
      const client = await connector.client(opened.connection, {
        timeoutMs: CALL_TIMEOUT_MS,
        signal,
        meter: () => Promise.resolve(),
        refresh: () => Promise.reject(new Error(`The grant of ${slug} is gone.`)),
      })
      const context: ActionContext<never, never> = {
        input: definition.input.parse(rendered) as never,
        client: client as never,
        key: `${runId}:${step}:1`,
        intendedAt: new Date(ports.clock()),
        signal,
        consent: () => Promise.resolve({ unsubscribed: false, unsubscribeUrl: null }),
        subject: async (kind, id) => {
          const subject = await ports.subjects.get(workspaceId, { kind, id })
          if (subject === null) throw new Error(`There is no ${kind} ${id}.`)
          return subject
        },
        link: (kind, id, vendorId) => ports.subjects.link(workspaceId, { kind, id }, { app: connector.app, vendorId }),
      }
      const { output } = await definition.run(context)
      if (step === 'opp') ended(runId)
      return output as Json
    },
  }
}

function definitionsOf(
  { catalog }: Ports,
  action: string,
): { definition: AnyActionDefinition; connector: AnyConnectorDefinition } {
  const [type] = action.split('@')
  const definition = catalog.steps.find((step) => step.kind === 'action' && step.type === type)
  if (definition?.kind !== 'action') throw new Error(`The catalog has no action ${action}.`)
  const connector = catalog.connectors.find(({ app }) => app === definition.connector)
  if (connector === undefined) throw new Error(`The catalog has no connector ${definition.connector}.`)
  return { definition, connector }
}
