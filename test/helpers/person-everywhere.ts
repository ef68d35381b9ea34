import type { OpenedDatabase } from '../../api/db/database.ts'
import { insertEvents } from '../../api/db/event-store.ts'
import { newId } from '../../api/db/new-id.ts'
import { onPool } from '../../api/db/sql.ts'

/** Begins the value of a property that nobody else has. */
export const SECRET = 'blue-heron-4471'

export interface Person {
  id: string
  email: string
  externalId: string
  name: string
}

/** A person with a row about them in every table that can hold one. */
export async function personEverywhere(
  { db, pool }: OpenedDatabase,
  { workspaceId: ws, accountId }: { workspaceId: string; accountId: string },
  name: string,
): Promise<Person> {
  const now = Date.now()
  const at = new Date(now)
  const id = newId(now)
  const who: Person = {
    id,
    email: `${name.toLowerCase()}@people.example`,
    externalId: `user-${name}-99`,
    name: `${name} Quill`,
  }
  const properties = JSON.stringify({ email: who.email, secret: `${SECRET}-${name}` })
  await db
    .insertInto('contacts')
    .values({
      workspace_id: ws,
      id,
      external_id: who.externalId,
      email: who.email,
      name: who.name,
      properties,
      created_at: at,
      updated_at: at,
    })
    .execute()
  for (const [kind, value] of [
    ['user_id', who.externalId],
    ['email', who.email],
    ['anonymous_id', `anon-${name}-1`],
  ] as const)
    await db
      .insertInto('identities')
      .values({ workspace_id: ws, kind, value, contact_id: id, created_at: at })
      .execute()
  await db
    .insertInto('account_contacts')
    .values({ workspace_id: ws, account_id: accountId, contact_id: id, created_at: at })
    .execute()
  const body = JSON.stringify({
    userId: who.externalId,
    properties: { note: `${SECRET}-${name}` },
    context: { traits: { email: who.email } },
  })
  const event = (message: string) => ({
    id: newId(now),
    workspaceId: ws,
    messageId: message,
    kind: 'track' as const,
    name: 'Paid',
    lane: 1,
    subjectKey: who.externalId,
    body,
    occurredAt: now,
    receivedAt: now,
    refusal: null,
  }) // prettier-ignore
  await insertEvents(onPool(pool), [event(`${who.email}-1`), event(`m-${name}-2`), event(`m-${name}-3`)])
  // As the dispatcher leaves them: one theirs, one the account's too; a third still waits.
  await pool.query(
    `UPDATE events SET status = 'done', contact_id = $3, account_id = CASE WHEN message_id = $2 THEN $4::uuid END
    WHERE workspace_id = $1 AND message_id IN ($2, $5)`,
    [ws, `m-${name}-2`, id, accountId, `${who.email}-1`],
  )
  await db
    .insertInto('property_changes')
    .values({
      workspace_id: ws,
      subject_id: id,
      property: 'secret',
      subject: 'contact',
      value: JSON.stringify(`${SECRET}-${name}`),
      at,
      occurred_at: at,
      source: '{}',
    })
    .execute()
  const conversation = newId(now)
  await db
    .insertInto('conversations')
    .values({
      workspace_id: ws,
      id: conversation,
      contact_id: id,
      app: 'intercom',
      external_id: `c-${name}`,
      title: `${who.name} asks`,
      state: 'open',
      opened_at: at,
      updated_at: at,
    })
    .execute()
  await db
    .insertInto('conversation_messages')
    .values({
      workspace_id: ws,
      conversation_id: conversation,
      external_id: '1',
      author_kind: 'contact',
      author: who.email,
      body: who.name,
      at,
    })
    .execute()
  await db
    .insertInto('notes')
    .values({
      workspace_id: ws,
      id: newId(now),
      subject: 'contact',
      subject_id: id,
      body: `${who.name} likes tea`,
      author: 'x',
      created_at: at,
      updated_at: at,
    })
    .execute()
  const audience = newId(now)
  await db
    .insertInto('audiences')
    .values({
      workspace_id: ws,
      id: audience,
      kind: 'segment',
      slug: `s-${name}`,
      name: 'S',
      subject: 'contact',
      rule: '{}',
      created_at: at,
      updated_at: at,
    })
    .execute()
  await db
    .insertInto('audience_members')
    .values({
      workspace_id: ws,
      audience_id: audience,
      subject_id: id,
      is_member: true,
      since: at,
      value: JSON.stringify(SECRET),
    })
    .execute()
  for (const subject of [id, accountId])
    await db
      .insertInto('audience_edges')
      .values({
        workspace_id: ws,
        id: newId(now),
        audience_id: audience,
        subject_id: subject,
        edge: 'entered',
        at,
        cause: JSON.stringify({ contactId: id, email: who.email }),
        why: JSON.stringify({ rule: 'r', value: true, actual: who.email }),
      })
      .execute()
  const importId = newId(now)
  await db
    .insertInto('imports')
    .values({
      workspace_id: ws,
      id: importId,
      name: 'i.csv',
      kind: 'contacts',
      status: 'draft',
      columns: JSON.stringify([{ name: 'email', samples: [who.email] }]),
      total: 1,
      created_by: 'x',
      created_at: at,
    })
    .execute()
  await db
    .insertInto('import_chunks')
    .values({ workspace_id: ws, import_id: importId, n: 0, bytes: Buffer.from(`email\n${who.email}`) })
    .execute()
  await db
    .insertInto('import_refusals')
    .values({
      workspace_id: ws,
      import_id: importId,
      row: 1,
      code: 'X',
      reason: 'x',
      cells: JSON.stringify([who.email]),
    })
    .execute()
  await db
    .insertInto('merges')
    .values({
      workspace_id: ws,
      id: newId(now),
      winner_id: id,
      loser_id: newId(now),
      reason: '{}',
      actor: 'x',
      at,
      undo: JSON.stringify({ email: who.email }),
    })
    .execute()
  await db
    .insertInto('audit')
    .values({
      workspace_id: ws,
      id: newId(now),
      at,
      actor: 'x',
      action: 'contact.merge',
      target: id,
      detail: JSON.stringify({ email: who.email }),
    })
    .execute()
  await pool.query(
    `INSERT INTO former_entries (workspace_id, playbook_id, subject_id, entry_key, last) VALUES ($1, $2, $3, $4, $5)`,
    [ws, newId(now), id, JSON.stringify(who.email), at],
  )
  await pool.query(
    `INSERT INTO contact_sends (workspace_id, key, person_id, channel, at) VALUES ($1, $2, $3, 'email', $4)`,
    [ws, `run:mail:${id}`, id, at],
  )
  await amongOthers(pool, ws, who)
  await inTrials(pool, ws, who)
  return who
}

/** What was tried of a playbook with them. */
async function inTrials(pool: OpenedDatabase['pool'], ws: string, who: Person): Promise<void> {
  const now = Date.now()
  const at = new Date(now)
  const playbook = newId(now)
  const told = JSON.stringify({ facts: { contact: { id: who.id, properties: { email: who.email } } } })
  await pool.query(
    `INSERT INTO playbooks (workspace_id, id, slug, name, draft, created_at, updated_at) VALUES ($1, $2, $3, 'Tried', '{}', $4, $4)`,
    [ws, playbook, `tried-${playbook}`, at],
  )
  await pool.query(
    `INSERT INTO backtests (workspace_id, id, playbook_id, status, from_at, until_at, asked, asked_by, asked_at, result, subjects)
    VALUES ($1, $2, $3, 'done', $4, $4, '{}', 'x', $4, $5, $6)`,
    [ws, newId(now), playbook, at, JSON.stringify({ sample: [{ subjectId: who.id }] }), [who.id]],
  )
  await pool.query(
    `INSERT INTO step_samples (workspace_id, playbook_id, step, output, made_for, made_by, made_at) VALUES ($1, $2, 'find', $3, '', 'x', $4)`,
    [ws, playbook, told, at],
  )
  await pool.query(
    `INSERT INTO playbook_tests (workspace_id, id, playbook_id, name, fixture, expected, contact_id, made_by, made_at)
    VALUES ($1, $2, $3, 'T', $4, '{}', $5, 'x', $6)`,
    [ws, newId(now), playbook, told, who.id, at],
  )
}

/** Rows about others, or about nobody yet, in which a name of the person stands. */
async function amongOthers(pool: OpenedDatabase['pool'], ws: string, who: Person): Promise<void> {
  const now = Date.now()
  const at = new Date(now)
  const [first = '', second = '', third = ''] = [newId(now), newId(now), newId(now)].toSorted()
  for (const id of [first, second, third])
    await pool.query(
      `INSERT INTO contacts (workspace_id, id, external_id, properties, created_at, updated_at) VALUES ($1, $2, $3, '{}', $4, $4)`,
      [ws, id, `other-${id}`, at],
    )
  const reason = JSON.stringify({ kind: 'email', value: who.email })
  for (const [other, status] of [
    [second, 'possible'],
    [third, 'apart'],
  ])
    await pool.query(
      `INSERT INTO contact_pairs (workspace_id, first_id, second_id, status, reason, found_at) VALUES ($1, $2, $3, $4, $5, $6)`,
      [ws, first, other, status, reason, at],
    )
  const undo = JSON.stringify({ identities: [{ kind: 'email', value: who.email }] })
  await pool.query(
    `INSERT INTO merges (workspace_id, id, winner_id, loser_id, reason, actor, at, undo) VALUES ($1, $2, $3, $4, $5, 'x', $6, $7)`,
    [ws, newId(now), second, third, reason, at, undo],
  )
  for (const [place, contactId] of [
    ['waiting', null],
    ['other', first],
  ])
    await pool.query(
      `INSERT INTO conversations (workspace_id, id, contact_id, app, external_id, state, opened_at, updated_at, participant)
        VALUES ($1, $2, $3, 'intercom', $4, 'open', $5, $5, $6)`,
      [ws, newId(now), contactId, `${place}-${newId(now)}`, at, [`email:${who.email}`]],
    )
  const externalIds = [{ id: who.email, type: 'email', collection: 'users', encoding: 'none' }]
  await insertEvents(onPool(pool), [
    {
      id: newId(now),
      workspaceId: ws,
      messageId: newId(now),
      kind: 'track',
      name: 'Paid',
      lane: 1,
      subjectKey: 'a:cookie',
      body: JSON.stringify({ anonymousId: newId(now), context: { externalIds } }),
      occurredAt: now,
      receivedAt: now,
      refusal: null,
    },
  ])
}
