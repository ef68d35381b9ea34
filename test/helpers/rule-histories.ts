import { randomUUID } from 'node:crypto'
import type { Db } from '../../api/db/database.ts'
import { sql } from 'kysely'
import type { Facts, Instant, PropertyChange, ScoreFact, SubjectFacts } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'

/** A small workspace's customers and what is known of them: once as rows, once as the facts a rule is asked with. */

type Properties = { [name: string]: Json }
export type SubjectKind = 'contact' | 'account'

export interface StoredEvent {
  name: string
  at: Instant
  properties: Properties
  /** Left out: a track call that was worked through. */
  kind?: 'track' | 'page'
  status?: 'done' | 'refused' | 'pending'
  /** Of a contact's event the account it touched as well, which \`factsOfStored\` does not look at. */
  accountId?: string | null
  /** Order of receipt over all subjects; left out: as they stand. */
  position?: number
}

export interface StoredSubject {
  kind: SubjectKind
  id: string
  externalId: string | null
  email?: string | null
  name?: string | null
  properties: Properties
  /** Of a contact that was merged into another. */
  merged?: boolean
  /** In order of receipt. */
  events: StoredEvent[]
  changes: Array<PropertyChange & { property: string }>
  /** By slug. */
  segments: { [slug: string]: boolean }
  signals: { [slug: string]: boolean }
  scores: { [slug: string]: { value: number | null; band: string | null; stage: string | null } }
  /** Of a contact: ids of its accounts. */
  accounts: string[]
}

export interface StoredWorkspace {
  id: string
  subjects: StoredSubject[]
}

export const subjectOf = (kind: SubjectKind, more: Partial<StoredSubject> = {}): StoredSubject => ({
  kind,
  id: randomUUID(),
  externalId: null,
  properties: {},
  events: [],
  changes: [],
  segments: {},
  signals: {},
  scores: {},
  accounts: [],
  ...more,
})

/** What a rule is asked with, made of the model alone: nothing of it has been in the database. */
export function factsOfStored(workspace: StoredWorkspace, subject: StoredSubject, related = true): Facts {
  const find = (id: string) => workspace.subjects.find((other) => other.id === id)
  const only = subject.accounts.length === 1 ? (find(subject.accounts[0] ?? '') ?? null) : null
  const contact = subject.kind === 'contact' ? subject : null
  const account = subject.kind === 'account' ? subject : only
  const both = account === null || account === subject ? [subject] : [subject, account]
  const slugs = (of: 'segments' | 'signals') =>
    both.flatMap((one) => Object.entries(one[of]).flatMap(([slug, inside]) => (inside ? [slug] : [])))
  const sides =
    subject.kind === 'contact'
      ? subject.accounts.map(find)
      : workspace.subjects.filter((other) => other.accounts.includes(subject.id) && !other.merged)
  return {
    at: 0,
    contact: contact && subjectFacts(contact),
    account: account && subjectFacts(account),
    segments: slugs('segments'),
    signals: slugs('signals'),
    ...eventFacts(subject),
    changes: Object.fromEntries(
      [contact, account].flatMap((one) => (one === null ? [] : Object.entries(changesBy(one)))),
    ),
    scores: Object.fromEntries(both.flatMap((one) => Object.entries(one.scores).flatMap(scoreFact))),
    ...(related
      ? { related: sides.flatMap((side) => (side === undefined ? [] : [factsOfStored(workspace, side, false)])) }
      : {}),
  }
}

function scoreFact([slug, { value, band, stage }]: [string, StoredSubject['scores'][string]]): Array<
  [string, ScoreFact]
> {
  return value === null || band === null ? [] : [[slug, { value, band, stage }]]
}

const subjectFacts = ({ id, externalId, email, name, properties }: StoredSubject): SubjectFacts => ({
  id,
  externalId,
  properties: {
    ...properties,
    ...(email === null || email === undefined ? {} : { email }),
    ...(name === null || name === undefined ? {} : { name }),
  },
})

function eventFacts(subject: StoredSubject): Pick<Facts, 'events' | 'eventValues'> {
  const counted = subject.events
    .filter(({ kind = 'track', status = 'done' }) => kind === 'track' && status === 'done')
    // Stable: at the same moment in order of receipt.
    .toSorted((a, b) => a.at - b.at)
  const by = <V>(value: (event: StoredEvent) => V): { [name: string]: V[] } => {
    const all = new Map<string, V[]>()
    for (const event of counted) all.set(event.name, [...(all.get(event.name) ?? []), value(event)])
    return Object.fromEntries(all)
  }
  return { events: by(({ at }) => at), eventValues: by(({ properties }) => properties) }
}

function changesBy({ kind, changes }: StoredSubject): { [path: string]: PropertyChange[] } {
  const all = new Map<string, PropertyChange[]>()
  for (const { property, at, from, to } of changes.toSorted((a, b) => a.at - b.at)) {
    const path = `${kind}.${property}`
    all.set(path, [...(all.get(path) ?? []), { at, from, to }])
  }
  return Object.fromEntries(all)
}

const iso = (at: Instant): string => new Date(at).toISOString()

/** Writes workspaces as the product would have, in a few statements. @param positions numbers not used before */
export async function storeWorkspaces(db: Db, workspaces: StoredWorkspace[], positions: () => number): Promise<void> {
  const rows = workspaces.flatMap((workspace) => workspace.subjects.map((subject) => ({ workspace, subject })))
  await insert(
    db,
    { table: 'workspaces', columns: `id uuid, slug text, name text` },
    {
      rows: workspaces.map(({ id }) => ({ id, slug: id, name: id })),
      more: { created_at: `'2020-01-01Z'` },
    },
  )
  const times = { created_at: `'2020-01-01Z'`, updated_at: `'2020-01-01Z'` }
  for (const kind of ['contact', 'account'] as const)
    await insert(
      db,
      {
        table: `${kind}s`,
        columns: `workspace_id uuid, id uuid, external_id text, name text, properties jsonb${kind === 'contact' ? ', email text, merged_into uuid' : ''}`,
      },
      {
        rows: rows
          .filter(({ subject }) => subject.kind === kind)
          .map(({ workspace, subject: { id, externalId, name, email, properties, merged } }) => ({
            workspace_id: workspace.id,
            id,
            external_id: externalId,
            name: name ?? null,
            properties,
            ...(kind === 'contact' ? { email: email ?? null, merged_into: merged ? workspace.id : null } : {}),
          })),
        more: times,
      },
    )
  await insert(
    db,
    { table: 'account_contacts', columns: 'workspace_id uuid, account_id uuid, contact_id uuid' },
    {
      rows: rows.flatMap(({ workspace, subject }) =>
        subject.accounts.map((id) => ({ workspace_id: workspace.id, account_id: id, contact_id: subject.id })),
      ),
      more: { created_at: `'2020-01-01Z'` },
    },
  )
  await storeEvents(db, rows, positions)
  await storeKept(db, workspaces)
  await insert(
    db,
    {
      table: 'property_changes',
      columns:
        'workspace_id uuid, subject_id uuid, subject text, property text, before jsonb, value jsonb, at timestamptz, occurred_at timestamptz',
    },
    {
      rows: rows.flatMap(({ workspace, subject }) =>
        subject.changes
          .toSorted((a, b) => a.at - b.at)
          .map(({ property, at, from, to }) => ({
            workspace_id: workspace.id,
            subject_id: subject.id,
            subject: subject.kind,
            property,
            before: from,
            value: to,
            at: iso(at),
            occurred_at: iso(at),
          })),
      ),
      more: { source: `'{}'` },
    },
  )
}

interface Row {
  workspace: StoredWorkspace
  subject: StoredSubject
}

async function storeEvents(db: Db, rows: Row[], positions: () => number): Promise<void> {
  await insert(
    db,
    {
      table: 'events',
      columns: `workspace_id uuid, id uuid, message_id text, kind text, name text, subject_key text, body jsonb, occurred_at timestamptz,
      status text, position bigint, contact_id uuid, account_id uuid`,
    },
    {
      rows: rows.flatMap(({ workspace, subject }) =>
        subject.events.map(({ name, at, properties, kind = 'track', status = 'done', accountId, position }) => {
          const id = randomUUID()
          return {
            workspace_id: workspace.id,
            id,
            message_id: id,
            kind,
            name,
            subject_key: subject.id,
            body: { properties },
            occurred_at: iso(at),
            status,
            position: status === 'done' ? (position ?? positions()) : null,
            contact_id: subject.kind === 'contact' ? subject.id : null,
            account_id: subject.kind === 'account' ? subject.id : (accountId ?? null),
          }
        }),
      ),
      more: { received_at: `'2020-01-01Z'`, lane: '0' },
    },
  )
}

/** Segments, signals and scores with who is in them. */
async function storeKept(db: Db, workspaces: StoredWorkspace[]): Promise<void> {
  const audiences: Json[] = []
  const members: Json[] = []
  for (const { id, subjects } of workspaces) {
    const ids = new Map<string, string>()
    const idOf = (kind: string, slug: string, subject: SubjectKind): string => {
      const known = ids.get(`${kind}:${slug}`)
      if (known !== undefined) return known
      const fresh = randomUUID()
      ids.set(`${kind}:${slug}`, fresh)
      audiences.push({ workspace_id: id, id: fresh, kind, slug, name: slug, subject, rule: {} })
      return fresh
    }
    const keep = (subject: StoredSubject, what: { kind: string; slug: string; inside: boolean; value: Json }) =>
      members.push({
        workspace_id: id,
        audience_id: idOf(what.kind, what.slug, subject.kind),
        subject_id: subject.id,
        is_member: what.inside,
        value: what.value,
      })
    for (const subject of subjects) {
      for (const [slug, inside] of Object.entries(subject.segments))
        keep(subject, { kind: 'segment', slug, inside, value: null })
      for (const [slug, inside] of Object.entries(subject.signals))
        keep(subject, { kind: 'signal', slug, inside, value: null })
      for (const [slug, value] of Object.entries(subject.scores))
        keep(subject, { kind: 'score', slug, inside: true, value })
    }
  }
  await insert(
    db,
    {
      table: 'audiences',
      columns: 'workspace_id uuid, id uuid, kind text, slug text, name text, subject text, rule jsonb',
    },
    {
      rows: audiences,
      more: { created_at: `'2020-01-01Z'`, updated_at: `'2020-01-01Z'` },
    },
  )
  await insert(
    db,
    {
      table: 'audience_members',
      columns: 'workspace_id uuid, audience_id uuid, subject_id uuid, is_member boolean, value jsonb',
    },
    { rows: members, more: { since: `'2020-01-01Z'` } },
  )
}

/** @param into.columns names with their types, as `json_to_recordset` wants them */
async function insert(
  db: Db,
  into: { table: string; columns: string },
  { rows, more }: { rows: Json[]; more: { [column: string]: string } },
): Promise<void> {
  if (rows.length === 0) return
  const { table, columns } = into
  const names = columns.split(',').map((column) => column.trim().split(' ')[0])
  const target = [...names, ...Object.keys(more)].join(', ')
  const from = [...names.map((name) => `x.${name}`), ...Object.values(more)].join(', ')
  await sql`INSERT INTO ${sql.table(table)} (${sql.raw(target)}) SELECT ${sql.raw(from)} FROM json_to_recordset(${JSON.stringify(rows)}::json) AS x(${sql.raw(columns)})`.execute(
    db,
  )
}
