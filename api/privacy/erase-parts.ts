import type { Statement } from '../db/sql.ts'
import type { KnownPerson } from './known-person.ts'

/** Rows worked on in one transaction. */
export const BATCH = 1_000

/** Rows of one table that go, or lose the person, some at a time; done when none is left. */
export interface ErasePart {
  /** What the report calls it. */
  name: string
  /** Answers `{ n }`: how many rows. */
  statement: Statement
  values(workspaceId: string, person: KnownPerson): unknown[]
}

/** Stands where a text was that may tell of the person. */
const GONE = 'A person in it was deleted.'

const part = (name: string, text: string, values: (person: KnownPerson) => unknown[]): ErasePart => ({
  name,
  statement: { name: `erase-${name}`, text: `WITH gone AS (${text} RETURNING 1) SELECT count(*)::int AS n FROM gone` },
  values: (workspaceId, person) => [workspaceId, ...values(person)],
})

const ids = ({ contactIds }: KnownPerson): unknown[] => [contactIds]
const words = ({ needles }: KnownPerson): unknown[] => [needles]

/** Whether a text holds one of the words; they are in small letters. */
const holds = (column: string, words: string): string =>
  `EXISTS (SELECT 1 FROM unnest(${words}::text[]) AS word WHERE strpos(lower(${column}), word) > 0)`

const some = (table: string, where: string): string =>
  `${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE workspace_id = $1 AND ${where} LIMIT ${BATCH}))`

/** Of the runs that know of the person: whether theirs, or about somebody else. */
const RUNS = (whose: string): string => `
  SELECT p.run_id FROM run_people p JOIN runs r ON r.workspace_id = p.workspace_id AND r.id = p.run_id
  WHERE p.workspace_id = $1 AND p.contact_id = ANY ($2::uuid[]) AND ${whose} (r.subject_kind = 'contact' AND r.subject_id = ANY ($2::uuid[]))`
const THEIRS = RUNS('')
const OF_OTHERS = RUNS('NOT')

/** By their whole key, so that each row is looked up in its own part of the table. */
const EVENTS = (which: string): string => `(
    SELECT seq, status, occurred_at FROM events_kept WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[]) AND ${which} LIMIT ${BATCH}) AS x
  WHERE e.workspace_id = $1 AND e.seq = x.seq AND e.status = x.status AND e.occurred_at = x.occurred_at`
/** As identities keep it. */
const address = (text: string): string => `lower(btrim(${text}, E' \\t\\r\\n'))`
/** Messages that name the person in any of the ways a message can: $2 to $5 are the values of `namedBy`. */
export const NAMED_IN_BODY = `(body ->> 'userId' = ANY ($2::text[]) OR body ->> 'previousId' = ANY ($2::text[]) OR body ->> 'anonymousId' = ANY ($3::text[])
    OR body ->> 'previousId' = ANY ($3::text[]) OR ${address(`body #>> '{traits,email}'`)} = ANY ($4::text[])
    OR ${address(`body #>> '{context,traits,email}'`)} = ANY ($4::text[])
    OR EXISTS (SELECT 1 FROM jsonb_path_query(body, 'lax $.context.externalIds[*]') AS given
      WHERE lower(given ->> 'type') || ':' || (given ->> 'id') = ANY ($5::text[])
        OR lower(given ->> 'type') = 'email' AND ${address(`given ->> 'id'`)} = ANY ($4::text[])))`
export function namedBy(person: KnownPerson): [string[], string[], string[], string[]] {
  const vendorIds = person.identities.flatMap(({ kind, value }) => (kind === 'vendor_id' ? [value] : []))
  return [person.userIds, person.anonymousIds, person.emails, vendorIds]
}

/** As conversations name whom they are with. */
const participants = ({ identities }: KnownPerson): unknown[] => [
  identities.map(({ kind, value }) => `${kind}:${value}`),
]
const namesOf = ({ identities }: KnownPerson): unknown[] => [identities.map(({ value }) => value)]

/** Messages that wait, and would make the person anew. In the transaction that deletes the contact. */
export const PENDING_EVENTS = part(
  'pendingEvents',
  `DELETE FROM events_pending WHERE workspace_id = $1 AND ${NAMED_IN_BODY}`,
  namedBy,
)

/** In order: what is found through other rows goes before those. */
export const ERASE_PARTS: ErasePart[] = [
  part('enrollments', `DELETE FROM ${some('enrollments', 'subject_id = ANY ($2::uuid[])')}`, ids),
  part('enrollmentsOfRuns', `DELETE FROM ${some('enrollments', `run_id IN (${THEIRS})`)}`, ids),
  part(
    'enrollmentsOfOthers',
    `UPDATE enrollments SET why = NULL, reason = '${GONE}' WHERE workspace_id = $1 AND id = ANY (ARRAY(
      SELECT e.id FROM events_kept v JOIN enrollments e ON e.workspace_id = $1 AND e.event_seq = v.seq AND e.reason <> '${GONE}'
      WHERE v.workspace_id = $1 AND v.contact_id = ANY ($2::uuid[])
      UNION SELECT e.id FROM enrollments e WHERE e.workspace_id = $1 AND e.reason <> '${GONE}' AND e.run_id IN (${OF_OTHERS})
      LIMIT ${BATCH}))`,
    ids,
  ),
  // A message id that a sender made of a name or an address must not stay behind.
  part(
    'eventIds',
    `DELETE FROM event_ids WHERE workspace_id = $1 AND message_id = ANY (ARRAY(
      SELECT v.message_id FROM events_kept v JOIN event_ids i ON i.workspace_id = $1 AND i.message_id = v.message_id
      WHERE v.workspace_id = $1 AND v.contact_id = ANY ($2::uuid[]) AND ${holds('v.message_id', '$3')} LIMIT ${BATCH}))`,
    ({ contactIds, needles }) => [contactIds, needles],
  ),
  part('events', `DELETE FROM events_kept e USING ${EVENTS('account_id IS NULL')}`, ids),
  // An account's history keeps that something happened; who it was and what they said goes.
  part(
    'eventsOfAccounts',
    `UPDATE events_kept e SET contact_id = NULL, body = '{"erased": true}', subject_key = '', cause = NULL, refusal = NULL,
        message_id = 'erased:' || e.id FROM ${EVENTS('account_id IS NOT NULL')}`,
    ids,
  ),
  part(
    'refusedEvents',
    `DELETE FROM events_kept WHERE workspace_id = $1 AND status = 'refused' AND contact_id IS NULL AND ${NAMED_IN_BODY}`,
    namedBy,
  ),
  part('memberships', `DELETE FROM ${some('audience_members', 'subject_id = ANY ($2::uuid[])')}`, ids),
  part('edges', `DELETE FROM ${some('audience_edges', 'subject_id = ANY ($2::uuid[])')}`, ids),
  part(
    'edgesOfAccounts',
    `UPDATE audience_edges SET cause = '{"erased": true}', why = '{"rule": "", "value": true, "note": "Deleted with a person."}'
      WHERE workspace_id = $1 AND subject_id = ANY ($2::uuid[]) AND (${holds('cause::text', '$3')} OR ${holds('why::text', '$3')})`,
    ({ accountIds, needles, contactIds }) => [accountIds, [...needles, ...contactIds]],
  ),
  part('properties', `DELETE FROM ${some('property_changes', 'subject_id = ANY ($2::uuid[])')}`, ids),
  part(
    'propertiesOfAccounts',
    `UPDATE property_changes SET source = '{"erased": true}'
      WHERE workspace_id = $1 AND subject_id = ANY ($2::uuid[]) AND ${holds('source::text', '$3')}`,
    ({ accountIds, needles, contactIds }) => [accountIds, [...needles, ...contactIds]],
  ),
  part('conversations', `DELETE FROM ${some('conversations', 'contact_id = ANY ($2::uuid[])')}`, ids),
  // Of nobody yet: it waited for somebody of one of these names.
  part(
    'conversationsWaiting',
    `DELETE FROM ${some('conversations', 'contact_id IS NULL AND participant && $2::text[]')}`,
    participants,
  ),
  part(
    'conversationsOfOthers',
    `UPDATE conversations SET participant = ARRAY(SELECT who FROM unnest(participant) AS who WHERE who <> ALL ($2::text[]))
      WHERE workspace_id = $1 AND participant && $2::text[]`,
    participants,
  ),
  part('notes', `DELETE FROM ${some('notes', `subject = 'contact' AND subject_id = ANY ($2::uuid[])`)}`, ids),
  part('commands', `DELETE FROM ${some('run_commands', `run_id IN (${THEIRS} UNION ALL ${OF_OTHERS})`)}`, ids),
  part('asks', `DELETE FROM ${some('asks', `run_id IN (${THEIRS} UNION ALL ${OF_OTHERS})`)}`, ids),
  part('effects', `DELETE FROM ${some('effects', `run_id IN (${THEIRS})`)}`, ids),
  part(
    'effectsOfOthers',
    `UPDATE effects SET input = '{"erased": true}', output = NULL, before = NULL, external_id = NULL, fault = NULL
      WHERE workspace_id = $1 AND run_id IN (${OF_OTHERS}) AND input <> '{"erased": true}'`,
    ids,
  ),
  part(
    'values',
    `DELETE FROM blobs WHERE run_id IN (SELECT run_id FROM run_people WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[]))`,
    ids,
  ),
  // Values of runs that had no keys yet name nobody; they are few.
  part(
    'valuesWithoutRun',
    `DELETE FROM blobs WHERE run_id IS NULL AND $1::uuid IS NOT NULL
      AND EXISTS (SELECT 1 FROM unnest($2::text[]) AS word WHERE position(convert_to(word, 'UTF8') IN bytes) > 0)`,
    ({ needles, contactIds }) => [[...needles, ...contactIds]],
  ),
  part('runs', `DELETE FROM ${some('runs', `id IN (${THEIRS})`)}`, ids),
  part('formerRuns', `DELETE FROM ${some('former_runs', 'subject_id = ANY ($2::uuid[])')}`, ids),
  part('formerEntries', `DELETE FROM ${some('former_entries', 'subject_id = ANY ($2::uuid[])')}`, ids),
  part('sends', `DELETE FROM ${some('contact_sends', 'person_id = ANY ($2::uuid[])')}`, ids),
  // A run about somebody else stays as a line in their list: that it was, when, and how it ended.
  part(
    'runsOfOthers',
    `UPDATE runs SET trigger = jsonb_build_object('step', trigger -> 'step', 'data', '{}'::jsonb), cause = '{"erased": true}', reason = '${GONE}', output = NULL,
        occurrence = CASE WHEN ${holds('occurrence', '$3')} THEN 'erased:' || id ELSE occurrence END,
        entry_key = CASE WHEN ${holds('entry_key', '$3')} THEN 'erased:' || id ELSE entry_key END
      WHERE workspace_id = $1 AND id IN (${OF_OTHERS}) AND cause <> '{"erased": true}'`,
    ({ contactIds, needles }) => [contactIds, needles],
  ),
  part('records', `DELETE FROM ${some('run_inputs', `run_id IN (${OF_OTHERS})`)}`, ids),
  // What was tried of a playbook holds people as they were; one that is under way has read them already.
  part(
    'backtestsUnderWay',
    `UPDATE backtests SET status = 'cancelled', asked = '{}', worker = NULL, ended_at = coalesce(worked_at, asked_at)
      WHERE workspace_id = $1 AND status IN ('waiting', 'running')`,
    () => [],
  ),
  part(
    'backtests',
    `DELETE FROM ${some('backtests', `(subjects && $2::uuid[] OR ${holds('result::text', '$3')})`)}`,
    ({ contactIds, needles }) => [contactIds, needles],
  ),
  part(
    'tests',
    `DELETE FROM ${some('playbook_tests', `(contact_id = ANY ($2::uuid[]) OR ${holds('fixture::text', '$3')} OR ${holds('expected::text', '$3')})`)}`,
    ({ contactIds, needles }) => [contactIds, [...needles, ...contactIds]],
  ),
  part('samples', `DELETE FROM ${some('step_samples', holds('output::text', '$2'))}`, words),
  part('refusedRows', `DELETE FROM ${some('import_refusals', holds('cells::text', '$2'))}`, words),
  // What of a file is still to come nobody can look through, and without some of its pieces it is none: whoever uploads
  // it is told to do it again. Before the files that are whole: an upload that ends meanwhile is one of those.
  part('importUploads', `DELETE FROM imports WHERE workspace_id = $1 AND status = 'uploading'`, () => []),
  // Of a file that was uploaded and not taken in; one that is being taken in goes when it ends.
  part(
    'importFiles',
    `DELETE FROM import_chunks WHERE workspace_id = $1 AND import_id IN (
      SELECT i.id FROM imports i JOIN import_chunks c ON c.workspace_id = i.workspace_id AND c.import_id = i.id
      WHERE i.workspace_id = $1 AND i.status <> 'running' GROUP BY i.id HAVING EXISTS (
        SELECT 1 FROM unnest($2::text[]) AS word WHERE position(convert_to(word, 'UTF8') IN string_agg(c.bytes, '' ORDER BY c.n)) > 0))`,
    ({ spellings }) => [spellings],
  ),
  part(
    'importDrafts',
    `UPDATE imports i SET status = 'cancelled' WHERE workspace_id = $1 AND status = 'draft'
      AND NOT EXISTS (SELECT 1 FROM import_chunks c WHERE c.workspace_id = i.workspace_id AND c.import_id = i.id)`,
    () => [],
  ),
  part(
    'importSamples',
    `UPDATE imports SET columns = (SELECT jsonb_agg(c || '{"samples": []}') FROM jsonb_array_elements(columns) AS c)
      WHERE workspace_id = $1 AND jsonb_typeof(columns) = 'array' AND ${holds('columns::text', '$2')}`,
    words,
  ),
  part('merges', `DELETE FROM ${some('merges', '(winner_id = ANY ($2::uuid[]) OR loser_id = ANY ($2::uuid[]))')}`, ids),
  // Names that were somebody else's before, or were thought to be.
  part(
    'mergesOfOthers',
    `UPDATE merges SET reason = CASE WHEN reason ->> 'value' = ANY ($2::text[]) THEN reason - 'value' ELSE reason END,
        undo = undo || jsonb_build_object('identities', (SELECT coalesce(jsonb_agg(one), '[]')
          FROM jsonb_path_query(undo, 'lax $.identities[*]') AS one WHERE one ->> 'value' <> ALL ($2::text[])))
      WHERE workspace_id = $1 AND (reason ->> 'value' = ANY ($2::text[]) OR EXISTS (
        SELECT 1 FROM jsonb_path_query(undo, 'lax $.identities[*]') AS one WHERE one ->> 'value' = ANY ($2::text[])))`,
    namesOf,
  ),
  part(
    'pairs',
    `DELETE FROM contact_pairs WHERE workspace_id = $1 AND status = 'possible' AND reason ->> 'value' = ANY ($2::text[])`,
    namesOf,
  ),
  part(
    'pairsApart',
    `UPDATE contact_pairs SET reason = '{"kind": "hand"}' WHERE workspace_id = $1 AND reason ->> 'value' = ANY ($2::text[])`,
    namesOf,
  ),
  part(
    'audit',
    `UPDATE audit SET detail = '{"erased": true}', target = CASE WHEN ${holds('target', '$2')} THEN 'erased' ELSE target END
      WHERE workspace_id = $1 AND (${holds('detail::text', '$2')} OR ${holds('target', '$2')})`,
    ({ needles, contactIds }) => [[...needles, ...contactIds]],
  ),
]
