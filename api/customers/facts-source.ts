import type { Facts, Instant, Reads, SubjectFacts } from '../../engine/model/rule.ts'
import type { FactsSource } from '../../engine/ports.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Queryable, Statement } from '../db/sql.ts'
import { withNamed } from '../dispatch/world.ts'

interface FactsRow {
  contact: StoredSubject | null
  account: StoredSubject | null
  /** `segment:<slug>` and `signal:<slug>` that are declared and held. */
  memberships: string[] | null
  events: { [name: string]: Instant[] } | null
}

interface StoredSubject {
  id: string
  externalId: string | null
  email: string | null
  name: string | null
  properties: { [name: string]: Json }
}

const SUBJECT = (
  alias: string,
  email: string,
): string => `json_build_object('id', ${alias}.id, 'externalId', ${alias}.external_id,
  'email', ${email}, 'name', ${alias}.name, 'properties', ${alias}.properties)`

/** One statement: subject, account, memberships and event times of the declared names. */
const statement = (kind: 'contact' | 'account'): Statement => {
  const own = kind === 'contact' ? '$2::uuid' : 'NULL::uuid'
  // A contact sees the account the run began with, else its only account.
  const account =
    kind === 'contact'
      ? `coalesce($3::uuid, (SELECT min(account_id::text)::uuid FROM account_contacts WHERE workspace_id = $1 AND contact_id = $2 HAVING count(*) = 1))`
      : '$2::uuid'
  const contact = kind === 'contact' ? own : '$3::uuid'
  return {
    name: `facts-${kind}`,
    text: `
WITH ids AS MATERIALIZED (SELECT ${contact} AS contact, ${account} AS account)
SELECT
  (SELECT ${SUBJECT('c', 'c.email')} FROM contacts c WHERE c.workspace_id = $1 AND c.id = ids.contact) AS contact,
  (SELECT ${SUBJECT('a', 'NULL')} FROM accounts a WHERE a.workspace_id = $1 AND a.id = ids.account) AS account,
  (SELECT array_agg(DISTINCT u.kind || ':' || u.slug) FROM audience_members m
    JOIN audiences u ON u.workspace_id = $1 AND u.id = m.audience_id
    WHERE m.workspace_id = $1 AND m.is_member AND m.subject_id IN ($2::uuid, ids.account)
      AND u.kind || ':' || u.slug = ANY($4::text[])) AS memberships,
  (SELECT json_object_agg(found.name, found.times) FROM (
    SELECT e.name, json_agg((extract(epoch FROM e.occurred_at) * 1000)::bigint ORDER BY e.occurred_at) AS times
    FROM json_to_recordset($5::json) AS wanted(name text, since float8)
    JOIN events e ON e.workspace_id = $1 AND e.${kind}_id = $2::uuid AND e.name = wanted.name AND e.kind = 'track'
      AND e.status = 'done' AND (wanted.since IS NULL OR e.occurred_at > to_timestamp(wanted.since / 1000.0))
    GROUP BY e.name) AS found) AS events
FROM ids`,
  }
}
const STATEMENTS = { contact: statement('contact'), account: statement('account') }

/** Facts over Postgres: what the reads declare, and no more, in one round trip. */
export function createFactsSource(q: Queryable): FactsSource {
  return {
    load: async (workspaceId, subject, { reads, at }) => {
      const slugs = [
        ...reads.segments.map((slug) => `segment:${slug}`),
        ...reads.signals.map((slug) => `signal:${slug}`),
      ]
      const events = Object.entries(reads.events).map(([name, window]) => ({
        name,
        since: window === null ? null : at - window,
      }))
      const [row] = await q.rows<FactsRow>(STATEMENTS[subject.kind], [
        workspaceId,
        subject.id,
        subject.related ?? null,
        slugs,
        JSON.stringify(events),
      ])
      if (row === undefined || row[subject.kind] === null)
        throw new Error(`${subject.kind} ${subject.id} is not in workspace ${workspaceId}: was it deleted?`)
      return asFacts(row, reads, at)
    },
  }
}

function asFacts(row: FactsRow, reads: Reads, at: Instant): Facts {
  const held = new Set(row.memberships ?? [])
  return {
    at,
    contact: row.contact && declared('contact', row.contact, reads),
    account: row.account && declared('account', row.account, reads),
    segments: reads.segments.filter((slug) => held.has(`segment:${slug}`)),
    signals: reads.signals.filter((slug) => held.has(`signal:${slug}`)),
    events: row.events ?? {},
  }
}

/** Only properties that are read travel on: a run keeps its facts for as long as it lives. */
function declared(kind: 'contact' | 'account', subject: StoredSubject, reads: Reads): SubjectFacts {
  const names = new Set<string>()
  for (const path of reads.properties) {
    const [root, ...rest] = path.split('.')
    // `contact.address.city` is a property of that name, or a part of `address`.
    if (root === kind) for (const name of [rest.join('.'), rest[0]]) if (name !== undefined) names.add(name)
  }
  const all = Object.entries(withNamed(subject))
  return {
    id: subject.id,
    externalId: subject.externalId,
    properties: Object.fromEntries(all.filter(([name]) => names.has(name))),
  }
}
