import { type RawBuilder, sql } from 'kysely'
import { withoutLinks } from '../asks/hide-links.ts'
import type { Scoped } from '../context.ts'
import { onPool } from '../db/sql.ts'
import type { ApiDeps } from '../context.ts'
import { NAMED_IN_BODY, namedBy } from './erase-parts.ts'
import { type KnownPerson, readPerson } from './known-person.ts'

/** Rows read at once. */
const PAGE = 500

/** One part of the file: where its rows come from. What a deletion takes is in one of them. */
interface ExportPart {
  name: string
  /** The rows as `row`, in the order of `at`, which tells them apart. */
  rows(workspaceId: string, person: KnownPerson): RawBuilder<{ row: unknown; at: string }>
}

const idsOf = ({ contactIds }: KnownPerson) => sql`ANY (${contactIds}::uuid[])`

/** Columns that are ours alone and say nothing of the person. */
const own = (alias: string) => sql.raw(`to_jsonb(${alias}) - 'workspace_id' - 'lane' - 'epoch'`)

const part = (
  name: string,
  query: (
    workspaceId: string,
    person: KnownPerson,
  ) => { from: RawBuilder<unknown>; row?: RawBuilder<unknown>; at: string },
): ExportPart => ({
  name,
  rows: (workspaceId, person) => {
    const { from, row, at } = query(workspaceId, person)
    return sql`SELECT ${row ?? own('x')} AS row, (${sql.raw(at)})::text COLLATE "C" AS at FROM ${from}`
  },
})

/** The same messages that a deletion takes. */
function namedInBody(who: KnownPerson) {
  const values = namedBy(who)
  const texts = NAMED_IN_BODY.split(/\$(\d)/)
  return sql.join(
    texts.map((text, i) => (i % 2 === 0 ? sql.raw(text) : sql`${values[Number(text) - 2]}`)),
    sql``,
  )
}

const PARTS: ExportPart[] = [
  part('profile', (ws, who) => ({
    from: sql`contacts x WHERE x.workspace_id = ${ws} AND x.id = ${idsOf(who)}`,
    at: 'x.id',
  })),
  part('identities', (ws, who) => ({
    from: sql`identities x WHERE x.workspace_id = ${ws} AND x.contact_id = ${idsOf(who)}`,
    at: `x.kind || ' ' || x.value`,
  })),
  part('accounts', (ws, who) => ({
    from: sql`account_contacts x JOIN accounts a ON a.workspace_id = x.workspace_id AND a.id = x.account_id
      WHERE x.workspace_id = ${ws} AND x.contact_id = ${idsOf(who)}`,
    row: sql`jsonb_build_object('id', a.id, 'externalId', a.external_id, 'name', a.name, 'since', x.created_at)`,
    at: `x.contact_id || ' ' || x.account_id`,
  })),
  part('propertyHistory', (ws, who) => ({
    from: sql`property_changes x WHERE x.workspace_id = ${ws} AND x.subject_id = ${idsOf(who)}`,
    at: `lpad(x.seq::text, 20, '0')`,
  })),
  part('events', (ws, who) => ({
    from: sql`events x WHERE x.workspace_id = ${ws} AND x.contact_id = ${idsOf(who)}`,
    at: `lpad(x.seq::text, 20, '0')`,
  })),
  part('eventsWaiting', (ws, who) => ({
    from: sql`events_pending x WHERE x.workspace_id = ${ws} AND ${namedInBody(who)}`,
    at: `lpad(x.seq::text, 20, '0')`,
  })),
  part('conversations', (ws, who) => ({
    from: sql`conversations x WHERE x.workspace_id = ${ws} AND x.contact_id = ${idsOf(who)}`,
    row: sql`to_jsonb(x) - 'workspace_id' || jsonb_build_object('messages', (SELECT coalesce(jsonb_agg(to_jsonb(m) - 'workspace_id' ORDER BY m.at), '[]')
      FROM conversation_messages m WHERE m.workspace_id = x.workspace_id AND m.conversation_id = x.id))`,
    at: 'x.id',
  })),
  part('notes', (ws, who) => ({
    from: sql`notes x WHERE x.workspace_id = ${ws} AND x.subject_id = ${idsOf(who)}`,
    at: 'x.id',
  })),
  part('memberships', (ws, who) => ({
    from: sql`audience_members x JOIN audiences a ON a.workspace_id = x.workspace_id AND a.id = x.audience_id
      WHERE x.workspace_id = ${ws} AND x.subject_id = ${idsOf(who)}`,
    row: sql`jsonb_build_object('kind', a.kind, 'name', a.name, 'slug', a.slug, 'member', x.is_member, 'since', x.since, 'value', x.value)`,
    at: `x.subject_id || ' ' || x.audience_id`,
  })),
  part('membershipHistory', (ws, who) => ({
    from: sql`audience_edges x JOIN audiences a ON a.workspace_id = x.workspace_id AND a.id = x.audience_id
      WHERE x.workspace_id = ${ws} AND x.subject_id = ${idsOf(who)}`,
    row: sql`to_jsonb(x) - 'workspace_id' || jsonb_build_object('kind', a.kind, 'name', a.name)`,
    at: 'x.id',
  })),
  part('enrollments', (ws, who) => ({
    from: sql`enrollments x WHERE x.workspace_id = ${ws} AND x.subject_id = ${idsOf(who)}`,
    at: 'x.id',
  })),
  part('runs', (ws, who) => ({
    from: sql`(SELECT DISTINCT r.* FROM run_people p JOIN runs r ON r.workspace_id = p.workspace_id AND r.id = p.run_id
      WHERE p.workspace_id = ${ws} AND p.contact_id = ${idsOf(who)}) AS x
      LEFT JOIN playbooks b ON b.workspace_id = x.workspace_id AND b.id = x.playbook_id`,
    row: sql`to_jsonb(x) - 'workspace_id' - 'epoch' || jsonb_build_object('playbook', b.name,
      'record', (SELECT coalesce(jsonb_agg(i.input ORDER BY i.position), '[]') FROM run_inputs i
        WHERE i.workspace_id = x.workspace_id AND i.run_id = x.id),
      'effects', (SELECT coalesce(jsonb_agg(to_jsonb(e) - 'workspace_id' ORDER BY e.intended_at), '[]') FROM effects e
        WHERE e.workspace_id = x.workspace_id AND e.run_id = x.id),
      'commands', (SELECT coalesce(jsonb_agg(to_jsonb(c) - 'workspace_id' ORDER BY c.at), '[]') FROM run_commands c
        WHERE c.workspace_id = x.workspace_id AND c.run_id = x.id))`,
    at: 'x.id',
  })),
  part('merges', (ws, who) => ({
    from: sql`merges x WHERE x.workspace_id = ${ws} AND (x.winner_id = ${idsOf(who)} OR x.loser_id = ${idsOf(who)})`,
    at: 'x.id',
  })),
  part('refusedImportRows', (ws, who) => ({
    from: sql`import_refusals x WHERE x.workspace_id = ${ws}
      AND EXISTS (SELECT 1 FROM unnest(${who.needles}::text[]) AS word WHERE strpos(lower(x.cells::text), word) > 0)`,
    at: `x.import_id || ' ' || lpad(x.row::text, 10, '0')`,
  })),
]

/** @returns null when there is no such contact */
export async function exportPerson(
  ctx: Scoped & Pick<ApiDeps, 'pool'>,
  contactId: string,
): Promise<AsyncGenerator<string, void> | null> {
  const person = await readPerson(onPool(ctx.pool), ctx.workspaceId, contactId)
  return person === null ? null : written(ctx, person)
}

/** One JSON text, read and sent a page at a time: however much there is, little of it is in memory. */
async function* written(ctx: Scoped, person: KnownPerson): AsyncGenerator<string, void> {
  yield `{"exportedAt":${JSON.stringify(new Date(ctx.now).toISOString())},"contacts":${JSON.stringify(person.contactIds)}`
  for (const { name, rows } of PARTS) {
    yield `,\n"${name}":[`
    let after: string | null = null
    let comma = ''
    for (;;) {
      const beyond: RawBuilder<unknown> = after === null ? sql`` : sql`WHERE at > ${after}`
      const page: Array<{ row: unknown; at: string }> = (
        await sql<{ row: unknown; at: string }>`SELECT row, at FROM (${rows(ctx.workspaceId, person)}) AS part ${beyond}
          ORDER BY at LIMIT ${PAGE}`.execute(ctx.db)
      ).rows
      for (const { row } of page) {
        // The file is the person's: a question about them is not theirs to answer.
        yield `${comma}\n${withoutLinks(JSON.stringify(row))}`
        comma = ','
      }
      after = page.at(-1)?.at ?? null
      if (page.length < PAGE) break
    }
    yield ']'
  }
  yield '}\n'
}
