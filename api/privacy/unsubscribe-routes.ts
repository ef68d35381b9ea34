import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Db } from '../db/database.ts'
import type { Ingest } from '../ingest/ingest.ts'
import { UNSUBSCRIBED } from './consent.ts'
import { readUnsubscribeToken, type Unsubscriber } from './unsubscribe-token.ts'
import type { WorkspaceKeyReader } from './workspace-keys.ts'

export interface UnsubscribeDeps {
  db: Db
  ingest: Ingest
  keys: WorkspaceKeyReader
}

/**
 * The page behind a mail's link. Looking changes nothing, because mail scanners follow links; the button, or a mail
 * program's own (RFC 8058), does. Every link answers alike, so that none tells whether somebody is known.
 */
export function unsubscribeRoutes(deps: UnsubscribeDeps) {
  return (scope: FastifyInstance, _options: object, done: (error?: Error) => void): void => {
    scope.removeAllContentTypeParsers()
    // What a mail program posts says nothing that the address does not.
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 10_000 }, (_request, _body, parsed) => parsed(null))

    scope.get<{ Params: { token: string } }>('/unsubscribe/:token', (_request, reply) =>
      reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(page(ASK)),
    )
    scope.post<{ Params: { token: string } }>('/unsubscribe/:token', async (request, reply) => {
      const who = await readUnsubscribeToken(deps.keys, request.params.token, async (id) => {
        const row = await deps.db.selectFrom('workspaces').select('id').where('id', '=', id).executeTakeFirst()
        return row !== undefined
      })
      if (who !== null) await unsubscribe(deps, who)
      return reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(page(DONE))
    })
    done()
  }
}

/** As any other message about the person: with its place in their history, and what depends on it. */
async function unsubscribe({ db, ingest }: UnsubscribeDeps, { workspaceId, contactId }: Unsubscriber): Promise<void> {
  const contact = await db
    .selectFrom('contacts')
    .select(['id', 'merged_into'])
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', contactId)
    .executeTakeFirst()
  const identities = await db
    .selectFrom('identities')
    .select(['kind', 'value'])
    .where('workspace_id', '=', workspaceId)
    .where('contact_id', '=', contact?.merged_into ?? contactId)
    .execute()
  const valueOf = (kind: string): string | undefined => identities.find((identity) => identity.kind === kind)?.value
  const named = namedBy({ userId: valueOf('user_id'), anonymousId: valueOf('anonymous_id'), email: valueOf('email') })
  // Deleted meanwhile, or known by a vendor's id alone.
  if (named === null) return
  await ingest.accept({ workspaceId }, 'identify', {
    messageId: `unsubscribe-${randomUUID()}`,
    ...named.ids,
    traits: { ...named.traits, [UNSUBSCRIBED]: true },
    context: { library: { name: 'signalbox-unsubscribe' } },
  })
}

type Ids = { userId: string } | { anonymousId: string }

function namedBy(known: { [id in 'userId' | 'anonymousId' | 'email']: string | undefined }): {
  ids: Ids
  traits: { email?: string }
} | null {
  if (known.userId !== undefined) return { ids: { userId: known.userId }, traits: {} }
  if (known.anonymousId !== undefined) return { ids: { anonymousId: known.anonymousId }, traits: {} }
  // The address leads to the contact; the id is new, and becomes theirs.
  return known.email === undefined
    ? null
    : { ids: { anonymousId: `unsubscribe-${randomUUID()}` }, traits: { email: known.email } }
}

const ASK = `<h1>No more of these mails?</h1>
<p>You will still get what you need, such as receipts.</p>
<form method="post"><button type="submit">Unsubscribe</button></form>`
const DONE = `<h1>You are unsubscribed</h1><p>It may take a minute until everything knows. You can close this page.</p>`

const page = (body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>Unsubscribe</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1.5rem;color:#1c2024}
h1{font-size:1.5rem}button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:8px;background:#2450b2;color:#fff;cursor:pointer}
button:focus-visible{outline:3px solid #8fb0ff;outline-offset:2px}
@media (prefers-color-scheme:dark){body{background:#16181c;color:#eceef1}}</style></head>
<body><main>${body}</main></body></html>`
