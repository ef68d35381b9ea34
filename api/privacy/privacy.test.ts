import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { ensureEventParts } from '../db/event-parts.ts'
import { newId } from '../db/new-id.ts'
import { createRunDirectory } from '../db/run-directory.ts'
import { inTransaction, onPool } from '../db/sql.ts'
import { enroll } from '../enroll/enroll.ts'
import { createConsent } from './consent.ts'
import { createWorkspaceKeys } from './workspace-keys.ts'
import { DAY_MS } from './retention.ts'
import { workRetention } from './work-retention.ts'

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  await ensureEventParts(api.database.pool, api.clock.now)
})
afterAll(() => api.close())

const rows = <T extends object>(text: string, values: unknown[] = []) =>
  api.database.pool.query<T>(text, values).then((result) => result.rows)

async function contact(name: string, properties: object = {}): Promise<string> {
  const id = newId(api.clock.now)
  const at = new Date(api.clock.now)
  const email = `${name}@people.example`
  await api.database.db
    .insertInto('contacts')
    .values({
      workspace_id: home.id,
      id,
      external_id: name,
      email,
      name,
      properties: JSON.stringify(properties),
      created_at: at,
      updated_at: at,
    })
    .execute()
  await api.database.db
    .insertInto('identities')
    .values({ workspace_id: home.id, kind: 'user_id', value: name, contact_id: id, created_at: at })
    .execute()
  return id
}

async function event(contactId: string, at: { occurred: number; received: number; message: string }): Promise<void> {
  await rows(
    `WITH id AS (INSERT INTO event_ids (workspace_id, message_id, received_at) VALUES ($1, $2, $3))
     INSERT INTO events (workspace_id, id, message_id, kind, name, lane, subject_key, body, occurred_at, received_at, status, contact_id)
     VALUES ($1, $4, $2, 'track', 'Paid', 1, 'x', $5, $6, $3, 'done', $7)`,
    [
      home.id,
      at.message,
      new Date(at.received),
      newId(at.received),
      JSON.stringify({ properties: { told: at.message } }),
      new Date(at.occurred),
      contactId,
    ],
  ) // prettier-ignore
}

describe('deleting a person', () => {
  it('is asked for with the id once more, by an owner, and is one however often it is asked', async () => {
    await contact('ada')
    const url = '/v1/contacts/ada/erase'
    const wrong = await home.rest('POST', url, { confirm: 'bob' })
    expect([wrong.statusCode, wrong.json().code]).toEqual([400, 'CONFIRMATION_WRONG'])
    expect((await home.rest('POST', '/v1/contacts/nobody/erase', { confirm: 'nobody' })).statusCode).toBe(404)
    const editor = await home.signIn('editor')
    const refused = await api.server.inject({ method: 'POST', url, headers: editor, payload: { confirm: 'ada' } })
    expect([refused.statusCode, refused.json().code]).toEqual([403, 'ROLE_TOO_LOW'])
    const asked = await home.rest('POST', url, { confirm: 'ada', suppress: true })
    expect(asked.statusCode).toBe(202)
    expect(asked.json()).toMatchObject({ status: 'running', part: 'start', suppress: true, counts: {} })
    const again = await home.rest('POST', url, { confirm: 'ada' })
    expect(again.json().id).toBe(asked.json().id)
    expect((await home.rest('GET', '/v1/erasures')).json().data).toHaveLength(1)
    expect((await home.rest('GET', `/v1/erasures/${asked.json().id}`)).json()).toMatchObject({ status: 'running' })
    const [audit] = await rows('SELECT * FROM audit WHERE action = $1', ['contact.erase'])
    expect(JSON.stringify(audit)).not.toContain('ada')
  })

  it('is another workspace’s neither to ask for nor to see', async () => {
    const other = await api.workspace('other')
    const { id } = (await home.rest('GET', '/v1/erasures')).json().data[0]
    expect((await other.rest('GET', `/v1/erasures/${id}`)).statusCode).toBe(404)
    expect((await other.rest('POST', '/v1/contacts/ada/erase', { confirm: 'ada' })).statusCode).toBe(404)
  })
})

describe('exporting a person', () => {
  it('answers one JSON with everything, many pages of events too, and is for owners', async () => {
    const id = await contact('eve', { plan: 'pro' })
    const now = api.clock.now
    for (let n = 0; n < 620; n++) await event(id, { occurred: now - n, received: now, message: `eve-${n}` })
    const answer = await home.rest('GET', '/v1/contacts/eve/export')
    expect(answer.headers['content-disposition']).toContain(`person-${id}.json`)
    const file = answer.json()
    expect(file.profile).toMatchObject([{ id, email: 'eve@people.example', properties: { plan: 'pro' } }])
    expect(file.identities).toMatchObject([{ kind: 'user_id', value: 'eve' }])
    expect(new Set(file.events.map((row: { message_id: string }) => row.message_id)).size).toBe(620)
    const viewer = await home.signIn('viewer')
    const refused = await api.server.inject({ method: 'GET', url: '/v1/contacts/eve/export', headers: viewer })
    expect(refused.statusCode).toBe(403)
    expect((await home.rest('GET', '/v1/contacts/nobody/export')).statusCode).toBe(404)
  })

  it('has the messages that wait, whichever way they name the person', async () => {
    const id = await contact('fay')
    const at = new Date(api.clock.now)
    const names = { anonymous_id: 'cookie-of-fay', vendor_id: 'salesforce:003fay', email: 'fay@people.example' }
    for (const [kind, value] of Object.entries(names))
      await rows(
        'INSERT INTO identities (workspace_id, kind, value, contact_id, created_at) VALUES ($1, $2, $3, $4, $5)',
        [home.id, kind, value, id, at],
      )
    const outside = (type: string, told: string) => ({ context: { externalIds: [{ type, id: told }] } })
    const bodies: { [message: string]: object } = {
      user: { userId: 'fay' },
      former: { userId: 'fay-2', previousId: 'fay' },
      cookie: { anonymousId: 'cookie-of-fay' },
      'former cookie': { userId: 'fay-2', previousId: 'cookie-of-fay' },
      trait: { anonymousId: 'x', traits: { email: ' Fay@People.example' } },
      'trait of context': { anonymousId: 'x', context: { traits: { email: 'FAY@people.example' } } },
      vendor: { anonymousId: 'x', ...outside('Salesforce', '003fay') },
      'address outside': { anonymousId: 'x', ...outside('email', 'Fay@people.example ') },
      'other vendor': { anonymousId: 'x', ...outside('hubspot', '003fay') },
      'somebody else': { userId: 'gus', traits: { email: 'gus@people.example' } },
    }
    for (const [message, body] of Object.entries(bodies))
      await rows(
        `INSERT INTO events (workspace_id, id, message_id, kind, name, lane, subject_key, body, occurred_at, received_at, status)
          VALUES ($1, $2, $3, 'identify', NULL, 1, 'x', $4, $5, $5, 'pending')`,
        [home.id, newId(api.clock.now), `fay ${message}`, JSON.stringify(body), at],
      )
    const file = (await home.rest('GET', '/v1/contacts/fay/export')).json()
    const waiting = file.eventsWaiting.map((row: { message_id: string }) => row.message_id.slice(4))
    expect(waiting.toSorted()).toEqual(
      Object.keys(bodies)
        .filter((message) => !['other vendor', 'somebody else'].includes(message))
        .toSorted(),
    )
    await rows(`DELETE FROM events WHERE message_id LIKE 'fay %'`)
  })
})

describe('keeping no longer than is said', () => {
  const sweep = async (now = api.clock.now) => {
    const swept = await workRetention({
      pool: api.database.pool,
      directory: createRunDirectory(api.database.pool),
      clock: () => now,
    })
    if (swept === null) throw new Error('Another sweep is under way.')
    return swept
  }
  const messages = async (): Promise<string[]> =>
    (await rows<{ m: string }>(`SELECT message_id AS m FROM events WHERE message_id LIKE 'old-%' ORDER BY 1`)).map(
      (row) => row.m,
    )

  it('forgets what was sent to somebody once no cap can count it', async () => {
    const now = api.clock.now
    for (const days of [89, 90])
      await rows(
        `INSERT INTO contact_sends (workspace_id, key, person_id, channel, at) VALUES ($1, $2, $3, 'email', $4)`,
        [home.id, `sent ${days}`, newId(now), new Date(now - days * DAY_MS)],
      )
    await sweep(now)
    expect(await rows(`SELECT key FROM contact_sends WHERE key LIKE 'sent %'`)).toEqual([{ key: 'sent 89' }])
  })

  it('says what will go before it is changed, is an owner’s to change, and is noted', async () => {
    const now = api.clock.now
    const id = await contact('olga')
    const old = (days: number, message: string, receivedDays = days) =>
      event(id, { occurred: now - days * DAY_MS, received: now - receivedDays * DAY_MS, message })
    await old(99, 'old-99')
    await old(104, 'old-104')
    await old(800, 'old-imported-today', 0.5)
    await old(800, 'old-800')
    expect((await home.rest('GET', '/v1/retention')).json()).toMatchObject({
      keepEventsDays: 365,
      keepRunsDays: 30,
      next: { events: 1 },
    })
    const preview = await home.rest('GET', '/v1/retention/preview?keepEventsDays=100&keepRunsDays=30')
    expect(preview.json().next).toEqual({ events: 2, runs: 0 })
    expect((await home.rest('GET', '/v1/retention')).json().keepEventsDays).toBe(365)
    const editor = await home.signIn('editor')
    const days = { keepEventsDays: 100, keepRunsDays: 7 }
    const refused = await api.server.inject({ method: 'PUT', url: '/v1/retention', headers: editor, payload: days })
    expect(refused.statusCode).toBe(403)
    expect((await home.rest('PUT', '/v1/retention', { ...days, keepRunsDays: 0 })).statusCode).toBe(400)
    expect((await home.rest('PUT', '/v1/retention', days)).json()).toMatchObject(days)
    expect(await rows('SELECT detail FROM audit WHERE action = $1', ['workspace.retention'])).toHaveLength(1)
  })

  it('says what looks further back than the days would leave, and lowers them all the same', async () => {
    const shop = await api.workspace('shop')
    const quiet = { event: 'Paid', count: { op: 'eq', value: 0 }, within: 'P90D' }
    const made = async (kind: string, name: string, given: object) => {
      const answer = await shop.rest('POST', `/v1/${kind}`, { name, subject: 'contact', ...given })
      expect(answer.statusCode).toBe(201)
    }
    await made('segments', 'Quiet', { rule: quiet })
    await made('segments', 'New', { rule: { ...quiet, within: 'P60D' } })
    await made('signals', 'Ever', { rule: { event: 'Paid', count: { op: 'gte', value: 1 } } })
    const paid = { figure: 'count', event: 'Paid', within: 'P64D' }
    await made('computed-properties', 'Paid', {
      definition: { property: 'paid', formula: 'inputs.paid', inputs: { paid } },
    })
    await made('scores', 'Health', {
      definition: {
        parts: [{ name: 'Pays', weight: 1, measure: { of: paid, from: 0, to: 9, missing: 'none' } }],
        bands: [{ name: 'Any', from: 0 }],
        stages: [],
      },
    })
    const document = {
      name: 'Win back',
      subject: 'contact',
      enrollment: { reentry: { policy: 'every' }, exit: [], goal: { name: 'Back', if: { not: quiet } } },
      steps: [
        { id: 'start', type: 'trigger.manual', input: {} },
        { id: 'end', type: 'flow.exit', input: { reason: 'Over' } },
      ],
      edges: [['start', 'end']],
    }
    expect((await shop.rest('PUT', '/v1/playbooks/win-back', document)).json()).toMatchObject({ problems: [] })
    const preview = async () =>
      (await shop.rest('GET', '/v1/retention/preview?keepEventsDays=60&keepRunsDays=30')).json().looksFurther
    const far = [
      { kind: 'score', slug: 'health', name: 'Health', days: 64 },
      { kind: 'computed', slug: 'paid', name: 'Paid', days: 64 },
      { kind: 'segment', slug: 'quiet', name: 'Quiet', days: 90 },
    ]
    expect(await preview()).toEqual(far)
    expect((await shop.rest('POST', '/v1/playbooks/win-back/publish')).statusCode).toBe(200)
    expect(await preview()).toEqual([...far, { kind: 'playbook', slug: 'win-back', name: 'Win back', days: 90 }])
    expect((await shop.rest('GET', '/v1/retention')).json().looksFurther).toEqual([])
    const lowered = await shop.rest('PUT', '/v1/retention', { keepEventsDays: 60, keepRunsDays: 30 })
    expect([lowered.statusCode, lowered.json().looksFurther.length]).toEqual([200, 4])
    await shop.rest('POST', '/v1/playbooks/win-back/archive')
    expect(await preview()).toEqual(far)
    expect((await home.rest('GET', '/v1/retention')).json().looksFurther).toEqual([])
  })

  it('deletes events by when they occurred, not within a day of their receipt, and their ids', async () => {
    expect((await sweep()).events).toBe(2)
    expect(await messages()).toEqual(['old-99', 'old-imported-today'])
    const ids = await rows<{ m: string }>(
      `SELECT message_id AS m FROM event_ids WHERE message_id LIKE 'old-%' ORDER BY 1`,
    )
    expect(ids.map((row) => row.m)).toEqual(['old-99', 'old-imported-today'])
    expect((await sweep(api.clock.now + DAY_MS)).events).toBe(1)
    expect(await messages()).toEqual(['old-99'])
  })

  it('deletes ended runs with all that is theirs, and whoever was in a playbook once still was', async () => {
    const now = api.clock.now
    const subjectId = await contact('rita')
    await home.rest('PUT', '/v1/playbooks/once', {
      name: 'Once',
      subject: 'contact',
      enrollment: { reentry: { policy: 'once' }, exit: [], goal: null },
      steps: [
        { id: 'start', type: 'trigger.manual', input: {} },
        { id: 'call', type: 'http.request', input: { method: 'POST', url: 'https://example.com/x' } },
      ],
      edges: [['start', 'call']],
    })
    await home.rest('POST', '/v1/playbooks/once/publish')
    const [playbook] = await rows<{ id: string; hash: string }>(
      `SELECT p.id, v.plan_hash AS hash FROM playbooks p JOIN playbook_versions v ON v.playbook_id = p.id WHERE p.slug = 'once'`,
    )
    if (playbook === undefined) throw new Error('The playbook was not published.')
    const enter = (occurrence: string) =>
      inTransaction(api.database.pool, (q) =>
        enroll(q, home.id, {
          now,
          candidates: [
            {
              playbook: {
                id: playbook.id,
                version: 1,
                planHash: playbook.hash,
                subject: 'contact',
                enrollment: { reentry: { policy: 'once' } },
              },
              step: 'start',
              subjectId,
              occurrence,
              data: {},
              cause: { contactId: subjectId },
              eventSeq: null,
              edgeId: null,
              refusal: null,
              why: null,
            },
          ],
        }),
      ) // prettier-ignore
    const [entered] = await enter('key:1')
    if (entered?.outcome !== 'started') throw new Error('Nobody entered.')
    const { runId } = entered
    expect(await rows('SELECT salt FROM run_keys WHERE run_id = $1 AND length(salt) = 32', [runId])).toHaveLength(1)
    expect(
      await rows('SELECT 1 FROM run_people WHERE run_id = $1 AND contact_id = $2', [runId, subjectId]),
    ).toHaveLength(1)
    await rows(`UPDATE runs SET created_at = $2, ended_at = $3, status = 'completed' WHERE id = $1`, [
      runId,
      new Date(now - 400 * DAY_MS),
      new Date(now - 8 * DAY_MS),
    ])
    await rows(`UPDATE enrollments SET at = $2 WHERE run_id = $1`, [runId, new Date(now - 400 * DAY_MS)])
    expect((await sweep(now - 2 * DAY_MS)).runs).toBe(0)
    expect(await sweep(now)).toMatchObject({ runs: 1, enrollments: 1 })
    for (const table of ['run_keys', 'run_people', 'run_inputs', 'enrollments'])
      expect(await rows(`SELECT 1 FROM ${table} WHERE run_id = $1`, [runId])).toEqual([])
    expect(await enter('key:2')).toMatchObject([{ outcome: 'refused', code: 'ALREADY_ENROLLED' }])
  })

  it('drops tables of quarters that are long over and empty, and no others', async () => {
    await rows(
      `CREATE TABLE events_2001_q1 PARTITION OF events_kept FOR VALUES FROM ('2001-01-01T00:00:00Z') TO ('2001-04-01T00:00:00Z')`,
    )
    await rows(
      `CREATE TABLE events_2001_q2 PARTITION OF events_kept FOR VALUES FROM ('2001-04-01T00:00:00Z') TO ('2001-07-01T00:00:00Z')`,
    )
    const other = await api.workspace('long')
    await rows('UPDATE workspaces SET keep_events_days = 36500 WHERE id = $1', [other.id])
    await rows(
      `INSERT INTO events (workspace_id, id, message_id, kind, lane, subject_key, body, occurred_at, received_at, status)
       VALUES ($1, $2, 'kept', 'track', 1, 'x', '{}', '2001-05-01', '2001-05-01', 'done')`,
      [other.id, newId(1)],
    )
    expect((await sweep()).parts).toEqual(['events_2001_q1'])
    expect(await rows(`SELECT 1 FROM events_2001_q2`)).toHaveLength(1)
  })
})

describe('a link in a mail', () => {
  const consent = () =>
    createConsent({
      q: onPool(api.database.pool),
      keys: createWorkspaceKeys(onPool(api.database.pool), api.vault, () => api.clock.now),
      publicUrl: 'https://app.example',
    })
  const pathOf = async (address: string): Promise<string> =>
    new URL((await consent()(home.id, address)).unsubscribeUrl ?? '').pathname
  const identifies = () =>
    rows<{ body: { userId: string; traits: object } }>(
      `SELECT body FROM events WHERE kind = 'identify' AND workspace_id = $1`,
      [home.id],
    )

  it('asks first and changes nothing by being looked at; the button unsubscribes as a message of the person', async () => {
    await contact('ines')
    const url = await pathOf('INES@people.example')
    const looked = await api.server.inject({ method: 'GET', url })
    expect(looked.statusCode).toBe(200)
    expect(looked.body).toContain('<form method="post">')
    expect(looked.body).not.toContain('ines')
    expect(await identifies()).toHaveLength(0)
    const done = await api.server.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'List-Unsubscribe=One-Click',
    })
    expect(done.statusCode).toBe(200)
    expect(await identifies()).toMatchObject([{ body: { userId: 'ines', traits: { unsubscribed: true } } }])
    expect(api.log.join('')).not.toContain(url.slice(-30))
  })

  it('answers alike whatever the link says, and a changed one unsubscribes nobody', async () => {
    const before = await identifies()
    const url = await pathOf('ines@people.example')
    const good = await api.server.inject({ method: 'POST', url })
    const token = url.split('/').at(-1) ?? ''
    const changed = Buffer.from(token, 'base64url')
    changed[20] = (changed[20] ?? 0) ^ 1
    for (const wrong of [changed.toString('base64url'), 'x', `${token}x`, token.toUpperCase()]) {
      const answer = await api.server.inject({ method: 'POST', url: `/unsubscribe/${wrong}` })
      expect([answer.statusCode, answer.body]).toEqual([200, good.body])
    }
    expect(await identifies()).toHaveLength(before.length + 1)
  })

  it.each([
    [{ unsubscribed: true }, true],
    [{ unsubscribed: 'true' }, false],
    [{ consent: { email: false } }, true],
    [{ 'consent.email': false }, true],
    [{ consent: { email: true } }, false],
    [{}, false],
  ])('is not needed where the properties say %j: unsubscribed %s', async (properties, unsubscribed) => {
    const name = `c${newId(api.clock.now)}`
    await contact(name, properties)
    expect(await consent()(home.id, `${name}@people.example`)).toMatchObject({ unsubscribed })
  })

  it('is for nobody whom the workspace does not know', async () => {
    expect(await consent()(home.id, 'team@acme.example')).toEqual({ unsubscribed: false, unsubscribeUrl: null })
  })
})
