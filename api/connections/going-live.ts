import type { Context } from '../context.ts'
import { listConnections } from './connections.ts'

export interface GoingLive {
  /** Whether vendors can reach us: a public address over https. */
  publicUrl: { url: string; reachable: boolean; fix: string | null }
  apps: GoingLiveApp[]
}

export interface GoingLiveApp {
  app: string
  label: string
  redirectUri: string
  /** Where the vendor is to send its notifications, once the real account is connected. */
  webhookUrl: string | null
  clientId: string | null
  steps: Array<{
    id: 'client' | 'connect' | 'check' | 'field' | 'webhook' | 'playbooks'
    done: boolean | null
    text: string
  }>
}

/** How far the way from the sandboxes to the real vendors has been walked. `done: null` is for a person to tell. */
export async function goingLive(ctx: Context): Promise<GoingLive> {
  const connections = await listConnections(ctx)
  const apps = await ctx.db
    .selectFrom('oauth_apps')
    .select(['app', 'client_id'])
    .where('workspace_id', '=', ctx.workspaceId)
    .execute()
  const clients = new Map(apps.map((row) => [row.app, row.client_id]))
  const url = new URL(ctx.publicUrl)
  const reachable = url.protocol === 'https:'
  return {
    publicUrl: {
      url: ctx.publicUrl,
      reachable,
      fix: reachable ? null : 'Set SIGNALBOX_PUBLIC_URL to the https address under which this installation is reached.',
    },
    apps: ctx.catalog.connectors
      .filter(({ oauth }) => oauth !== null)
      .map((connector) => {
        const own = connections.filter(({ app }) => app === connector.app)
        const real = own.find(({ sandbox }) => !sandbox) ?? null
        const clientId = clients.get(connector.app) ?? null
        return {
          app: connector.app,
          label: connector.label,
          redirectUri: `${ctx.publicUrl}/oauth/callback/${connector.app}`,
          webhookUrl: real === null || connector.app !== 'intercom' ? null : `${ctx.publicUrl}/hooks/${real.id}`,
          clientId,
          steps: stepsFor(connector.app, { label: connector.label, clientId, real }),
        }
      }),
  }
}

function stepsFor(
  app: string,
  seen: { label: string; clientId: string | null; real: { status: string; identity: string | null } | null },
): GoingLiveApp['steps'] {
  const { label, real } = seen
  return [
    {
      id: 'client',
      done: seen.clientId !== null,
      text: `Make an app in ${label} with the redirect address above, and enter its client id and secret here.`,
    },
    { id: 'connect', done: real !== null, text: `Connect the real ${label} account.` },
    {
      id: 'check',
      done: real === null ? false : real.status === 'open' && real.identity !== null,
      text: 'Check the connection: it names the account it leads to.',
    },
    ...(app === 'salesforce'
      ? [
          {
            id: 'field' as const,
            done: null,
            text: 'Add the text field Signalbox_Key__c (255, unique, external id) to the objects that playbooks write: it keeps a repeat from writing twice.',
          },
        ]
      : []),
    ...(app === 'intercom'
      ? [
          {
            id: 'webhook' as const,
            done: null,
            text: 'Enter the webhook address above in the Developer Hub and choose the topics you want as events.',
          },
        ]
      : []),
    {
      id: 'playbooks',
      done: null,
      text: 'Choose the new connection in the steps of a playbook, try it with a dry run on one record of your own, then publish.',
    },
  ]
}
