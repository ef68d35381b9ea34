import { sql } from 'kysely'
import type { Reads, Trace } from '../../engine/model/rule.ts'
import type { Origin } from '../../engine/run/chain.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { SubjectView } from '../audiences/audience-schemas.ts'
import { readAudiences, type Scope } from '../audiences/write-audience.ts'
import type { IdentityKind } from '../db/contact-store.ts'
import { type Audience, rootOf } from '../dispatch/audience-index.ts'
import { groupIdIn, identitiesIn } from '../dispatch/resolve-identity.ts'
import { readsOfAudience } from '../dispatch/work-out.ts'
import { notFound } from '../problem.ts'
import type { EventDetails } from './customer-schemas.ts'
import { eventBySeq, type QueriedEvent } from './list-events.ts'
import { goneView, subjectViews } from './subject-view.ts'

/** Rules that are named; an event of the usual name may be looked at by thousands. */
const MOST_RULES = 100

/**
 * Everything one event did: who it became and by which identity, which values it wrote, which segments, signals and
 * scores it turned, and which of those that look at it it did not.
 * @throws ProblemError 404
 */
export async function eventDetails(ctx: Scope, { seq }: { seq: string }): Promise<EventDetails> {
  const found = await eventBySeq(ctx, seq)
  if (found === null) throw notFound('event', seq)
  const { event, row } = found
  const [identities, via, changes, turned, audiences] = await Promise.all([
    readIdentities(ctx, row),
    accountVia(ctx, row),
    readChanges(ctx, row),
    readTurned(ctx, row),
    row.status === 'done' ? readAudiences(ctx) : [],
  ])
  const subjects = await subjectViews(
    ctx,
    [...changes, ...turned].map((one) => one.subject_id),
  )
  const viewOf = (kind: 'contact' | 'account', id: string): SubjectView => subjects.get(id) ?? goneView(kind, id)
  const edges = turned.map((one) => ({
    kind: one.kind,
    slug: one.slug,
    name: one.name,
    edge: one.edge,
    at: one.at.toISOString(),
    subject: viewOf(one.subject, one.subject_id),
    why: one.why as unknown as Trace,
  }))
  const paths = changes.map((change) => `${change.subject}.${change.property}`)
  return {
    event,
    body: row.body,
    workedAt: row.processed_at?.toISOString() ?? null,
    identities,
    accountVia: via,
    origin: originOf(row.cause),
    changes: changes.map(({ subject, subject_id: id, property, before, value }) => ({
      subject: viewOf(subject, id),
      property,
      before,
      value,
    })),
    edges,
    rules: lookingAt(audiences, { name: row.kind === 'track' ? row.name : null, paths }).flatMap((audience) => {
      const subject = audience.subject === 'contact' ? event.subject : event.account
      if (subject === null) return []
      const edge = edges.find(
        ({ kind, slug, subject: of }) => kind === audience.kind && slug === audience.slug && of.id === subject.id,
      )
      return [{ kind: audience.kind, slug: audience.slug, subject, turned: edge?.edge ?? null }]
    }),
  }
}

type Asking = Audience & { kind: 'segment' | 'signal' | 'score' }

/** Those whose rules read this event, or a property that it wrote. */
function lookingAt(audiences: readonly Audience[], event: { name: string | null; paths: string[] }): Asking[] {
  const reads = (of: Reads): boolean =>
    (event.name !== null && Object.hasOwn(of.events, event.name)) ||
    [...of.properties, ...Object.keys(of.changes ?? {})].some((path) => event.paths.includes(rootOf(path).join('.'))) ||
    (of.related !== undefined && reads(of.related))
  return audiences
    .filter((audience): audience is Asking => audience.kind !== 'computed' && reads(readsOfAudience(audience)))
    .toSorted((a, b) => (a.slug < b.slug ? -1 : 1))
    .slice(0, MOST_RULES)
}

/** Of an event that came of an effect of ours: kept where it was worked. */
function originOf(cause: Json): EventDetails['origin'] {
  if (cause === null || typeof cause !== 'object' || !('run' in cause)) return null
  const { run, step, how } = cause as unknown as Origin
  return { run, step, how }
}

const NO_MAILBOXES: ReadonlySet<string> = new Set()

/** What the message calls its person, and whether that is who it became. */
async function readIdentities({ db, workspaceId }: Scope, row: QueriedEvent): Promise<EventDetails['identities']> {
  const said = identitiesIn(pendingOf(row, workspaceId), NO_MAILBOXES)
  if (said.length === 0) return []
  const known = await db
    .selectFrom('identities')
    .select(['kind', 'value', 'contact_id'])
    .where('workspace_id', '=', workspaceId)
    .where(
      'value',
      'in',
      said.map(({ value }) => value),
    )
    .execute()
  return said.map(({ kind, value }: { kind: IdentityKind; value: string }) => {
    const owner = known.find((one) => one.kind === kind && one.value === value)?.contact_id
    return { kind, value, of: owner === undefined ? 'nobody' : owner === row.contact_id ? 'contact' : 'another' }
  })
}

function pendingOf(row: QueriedEvent, workspaceId: string) {
  return {
    seq: row.seq,
    workspaceId,
    messageId: row.message_id,
    kind: row.kind,
    name: row.name,
    subjectKey: row.subject_key,
    // Every message is an object by its schema.
    body: row.body as { [name: string]: Json },
    occurredAt: row.occurred_at.getTime(),
    receivedAt: row.received_at.getTime(),
    cause: null,
  }
}

/** How it came to the account that it touches, or why to none. */
async function accountVia({ db, workspaceId }: Scope, row: QueriedEvent): Promise<EventDetails['accountVia']> {
  const group = groupIdIn(pendingOf(row, workspaceId))
  if (group !== null) return { how: 'named', group }
  if (row.account_id !== null) return { how: 'only' }
  if (row.contact_id === null) return { how: 'none', accounts: 0 }
  const { n } = await db
    .selectFrom('account_contacts')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('workspace_id', '=', workspaceId)
    .where('contact_id', '=', row.contact_id)
    .executeTakeFirstOrThrow()
  return { how: 'none', accounts: Number(n) }
}

const touchedBy = (row: QueriedEvent): string[] => [row.contact_id, row.account_id].filter((id) => id !== null)

/** Values that it wrote, found by its contact and account: sources have no index. */
async function readChanges({ db, workspaceId }: Scope, row: QueriedEvent) {
  const ids = touchedBy(row)
  if (ids.length === 0) return []
  return db
    .selectFrom('property_changes')
    .select(['subject', 'subject_id', 'property', 'before', 'value'])
    .where('workspace_id', '=', workspaceId)
    .where('subject_id', 'in', ids)
    .where(sql<string>`source->>'seq'`, '=', row.seq)
    .orderBy('seq')
    .execute()
}

/** What it turned: of its contact and account, and of the account's contacts and the contact's accounts. */
async function readTurned({ db, workspaceId }: Scope, row: QueriedEvent) {
  const ids = touchedBy(row)
  if (ids.length === 0 || row.processed_at === null) return []
  return db
    .selectFrom('audience_edges as e')
    .innerJoin('audiences as a', (join) =>
      join.onRef('a.workspace_id', '=', 'e.workspace_id').onRef('a.id', '=', 'e.audience_id'),
    )
    .select(['a.kind', 'a.slug', 'a.name', 'a.subject', 'e.edge', 'e.at', 'e.subject_id', 'e.why'])
    .where('e.workspace_id', '=', workspaceId)
    .where(
      'e.subject_id',
      'in',
      sql<string>`(SELECT unnest(${ids}::uuid[])
        UNION SELECT account_id FROM account_contacts WHERE workspace_id = ${workspaceId} AND contact_id = ${row.contact_id}
        UNION SELECT contact_id FROM account_contacts WHERE workspace_id = ${workspaceId} AND account_id = ${row.account_id})`,
    )
    .where(sql<string>`e.cause->>'seq'`, '=', row.seq)
    .orderBy('e.id')
    .execute()
}
