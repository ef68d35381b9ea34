import { sql } from 'kysely'
import type { Db } from '../../api/db/database.ts'

/**
 * Fills a workspace with people, a few statements for all of them: every twentieth of an account, each with some events
 * in the last months, a third in a segment.
 * @param options.now milliseconds since 1970: nothing is later
 */
export async function seedCustomers(
  db: Db,
  workspaceId: string,
  { contacts, now }: { contacts: number; now: number },
): Promise<void> {
  const at = new Date(now)
  const accounts = Math.max(1, Math.floor(contacts / 20))
  await sql`
    INSERT INTO accounts (workspace_id, id, external_id, name, properties, created_at, updated_at)
    SELECT ${workspaceId}, gen_random_uuid(), 'acct-' || n, initcap(${word('n', 'company')}) || ' ' || n,
      jsonb_build_object('plan', (ARRAY['trial', 'team', 'business', 'enterprise'])[1 + n % 4], 'mrr', (n * 37) % 4000, 'seats', 5 + n % 200),
      ${at}::timestamptz - n % 900 * interval '1 day', ${at}::timestamptz - n * interval '7 seconds'
    FROM generate_series(1, ${accounts}) AS n`.execute(db)
  await sql`
    INSERT INTO contacts (workspace_id, id, external_id, email, name, properties, created_at, updated_at)
    SELECT ${workspaceId}, gen_random_uuid(), 'u-' || n,
      CASE WHEN n % 10 = 0 THEN NULL ELSE ${word('n', 'first')} || '.' || ${word('n / 30', 'last')} || n || '@' || ${word('n', 'company')} || '.example' END,
      CASE WHEN n % 15 = 0 THEN NULL ELSE initcap(${word('n', 'first')}) || ' ' || initcap(${word('n / 30', 'last')}) END,
      jsonb_build_object('title', (ARRAY['Team Lead', 'Founder', 'Product Manager', 'Support Lead'])[1 + n % 4],
        'plan', (ARRAY['trial', 'team', 'business'])[1 + n % 3], 'mrr', (n * 7919) % 5000, 'newsletter', n % 2 = 0,
        'signed_up_at', to_char(${at}::timestamptz - n % 700 * interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
      ${at}::timestamptz - n % 700 * interval '1 day', ${at}::timestamptz - n * interval '3 seconds'
    FROM generate_series(1, ${contacts}) AS n`.execute(db)
  await sql`
    INSERT INTO identities (workspace_id, kind, value, contact_id, created_at)
    SELECT workspace_id, 'user_id', external_id, id, created_at FROM contacts WHERE workspace_id = ${workspaceId}`.execute(
    db,
  )
  await sql`
    INSERT INTO account_contacts (workspace_id, account_id, contact_id, created_at)
    SELECT c.workspace_id, a.id, c.id, c.created_at
    FROM (SELECT *, split_part(external_id, '-', 2)::int AS n FROM contacts WHERE workspace_id = ${workspaceId}) c
    JOIN accounts a ON a.workspace_id = c.workspace_id AND a.external_id = 'acct-' || (1 + c.n % ${accounts})`.execute(
    db,
  )
  await sql`
    INSERT INTO events (workspace_id, id, message_id, kind, name, lane, subject_key, body, occurred_at, received_at, status, position, contact_id, processed_at)
    SELECT c.workspace_id, gen_random_uuid(), c.external_id || '-' || e, 'track', (ARRAY['Logged In', 'Report Created', 'Plan Viewed'])[1 + e % 3], 0,
      'u:' || c.external_id, jsonb_build_object('type', 'track', 'properties', jsonb_build_object('from', 'app')),
      t.at, t.at, 'done', 0, c.id, t.at
    FROM contacts c, generate_series(1, 3) AS e,
      LATERAL (SELECT ${at}::timestamptz - (e * 17 + ascii(right(c.id::text, 1))) % 90 * interval '1 day' AS at) t
    WHERE c.workspace_id = ${workspaceId}`.execute(db)
  await sql`
    WITH made AS (
      INSERT INTO audiences (workspace_id, id, kind, slug, name, subject, rule, backfill_done, created_at, updated_at)
      SELECT ${workspaceId}, gen_random_uuid(), kind, slug, name, 'contact', '{"property":"contact.plan","op":"eq","value":"team"}', true, ${at}::timestamptz, ${at}::timestamptz
      FROM (VALUES ('segment', 'on-a-team', 'On a team plan', 0), ('signal', 'expansion-ready', 'Expansion ready', 1)) AS a(kind, slug, name, rest)
      RETURNING workspace_id, id, kind)
    INSERT INTO audience_members (workspace_id, audience_id, subject_id, is_member, since)
    SELECT c.workspace_id, made.id, c.id, true, c.created_at FROM made JOIN contacts c ON c.workspace_id = made.workspace_id
      AND (made.kind = 'segment') = (c.properties->>'plan' = 'team') AND c.properties->>'plan' <> 'trial'`.execute(db)
  for (const table of ['contacts', 'accounts', 'account_contacts', 'events', 'audience_members', 'identities'])
    await sql`ANALYZE ${sql.table(table)}`.execute(db)
}

const WORDS = {
  first:
    'maya,liam,aisha,noah,sofia,kenji,elena,omar,grace,mateo,priya,lucas,hanna,diego,chloe,amir,freya,samuel,ines,viktor',
  last: 'chen,okafor,silva,novak,haddad,tanaka,murphy,rossi,kaur,jensen,dubois,moreau,kim,santos,fischer,walsh,mensah,costa,bauer',
  company:
    'northwind,brightleaf,cobalt,harbor,juniper,kestrel,lumen,maple,nimbus,oakline,pioneer,quarry,redwood,silverline',
}

/** The n-th of some words, round and round. */
const word = (n: string, of: keyof typeof WORDS) => {
  const list = WORDS[of].split(',')
  return sql.raw(`(ARRAY['${list.join("','")}'])[1 + (${n}) % ${list.length}]`)
}
