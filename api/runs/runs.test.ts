import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunInput } from '../../engine/model/run.ts'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { newId } from '../db/new-id.ts'
import { createRunChanges } from '../db/run-changes.ts'
import { createRunRecord } from '../db/run-record.ts'
import { createEffectsLedger } from '../db/ledger-store.ts'
import { onPool } from '../db/sql.ts'

let api: TestApi
let home: TestWorkspace
let contact: string
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  contact = newId(api.clock.now)
  const at = new Date(api.clock.now)
  await api.database.db
    .insertInto('contacts')
    .values({ workspace_id: home.id, id: contact, external_id: 'u-1', name: 'Ada', created_at: at, updated_at: at })
    .execute()
  await home.rest('PUT', '/v1/playbooks/p', {
    name: 'P',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.manual', input: {} },
      { id: 'call', type: 'http.request', input: { method: 'POST', url: 'https://example.com/x' } },
    ],
    edges: [['start', 'call']],
  })
  expect((await home.rest('POST', '/v1/playbooks/p/publish')).json()).toEqual({ version: 1 })
})
afterAll(() => api.close())

/** What the workers would have written: the run acts, and the answer of its write is lost. */
async function runInReview(): Promise<{ id: string; key: string }> {
  const { run } = (await home.rest('POST', '/v1/playbooks/p/runs', { subject: { contact: 'u-1' } })).json()
  const ref = { workspaceId: home.id, runId: run.id as string }
  const q = onPool(api.database.pool)
  const changes = createRunChanges(api.database.pool, () => undefined)
  const record = createRunRecord(q, changes.changed)
  const ledger = createEffectsLedger(q, changes.changed)
  const at = api.clock.now
  const trigger = { step: 'start', data: {} }
  const facts = {
    at,
    contact: { id: contact, externalId: 'u-1', properties: {} },
    account: null,
    segments: [],
    signals: [],
    events: {},
  }
  await record.open(ref, { kind: 'start', at, trigger, facts }, at)
  const key = `${run.id}:call:1`
  const effect = {
    ...ref,
    key,
    step: 'call',
    visit: 1,
    action: 'http.request@1',
    connectionId: null,
    input: { method: 'POST' },
  }
  await ledger.intend(effect, at, null)
  const fault = {
    code: 'OUTCOME_UNKNOWN' as const,
    who: 'user' as const,
    message: 'The answer was lost.',
    fix: 'Look there.',
  }
  await ledger.review({ ...ref, key }, fault, at)
  const inputs: RunInput[] = [{ kind: 'outcome', at, step: 'call', visit: 1, outcome: { kind: 'review', fault } }]
  const summary = { status: 'review' as const, reason: null, waitingUntil: null, at: ['call'], heldBy: [] }
  await record.append(ref, { from: 1, inputs, epoch: at, summary })
  await changes.close()
  return { id: run.id, key }
}

describe('a write with an unknown outcome', () => {
  it('waits in the list, and is told by the run itself', async () => {
    const { id, key } = await runInReview()
    const { data } = (await home.rest('GET', '/v1/reviews')).json()
    expect(data).toContainEqual(
      expect.objectContaining({
        key,
        step: 'call',
        action: 'http.request@1',
        playbook: { slug: 'p', name: 'P' },
        fault: expect.objectContaining({ code: 'OUTCOME_UNKNOWN' }),
      }),
    )
    const view = (await home.rest('GET', `/v1/runs/${id}`)).json()
    expect(view.run).toMatchObject({ status: 'review', at: ['call'], subject: { label: 'Ada' } })
    expect(view.steps[1]).toMatchObject({
      id: 'call',
      status: 'review',
      input: { method: 'POST' },
      effect: { key, status: 'unknown' },
    })
    expect(view.timeline.map(({ what }: { what: string }) => what)).toContain('review')
  })

  it.each([
    [true, 'landed'],
    [false, 'failed'],
  ])('is settled once: it landed is %s', async (landed, status) => {
    const { id, key } = await runInReview()
    const url = `/v1/reviews/${encodeURIComponent(key)}`
    const answer = await home.rest('POST', url, { landed, output: { status: 200 } })
    expect(answer.statusCode, answer.body).toBe(202)
    expect(api.temporal.commands.at(-1)).toEqual({
      workspaceId: home.id,
      runId: id,
      command: { kind: 'settle', step: 'call', landed, output: { status: 200 } },
    })
    const row = await api.database.db
      .selectFrom('effects')
      .select('status')
      .where('key', '=', key)
      .executeTakeFirstOrThrow()
    expect(row.status).toBe(status)
    expect((await home.rest('POST', url, { landed })).json()).toMatchObject({ status: 409, code: 'REVIEW_SETTLED' })
    const other = await api.workspace(`other-${status}`)
    expect((await other.rest('POST', url, { landed })).statusCode).toBe(404)
  })
})

it('shows a failure that is dealt with as failed, with the port by which the run went on', async () => {
  await home.rest('PUT', '/v1/playbooks/dealt', {
    name: 'Dealt with',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.manual', input: {} },
      {
        id: 'call',
        type: 'http.request',
        input: { method: 'POST', url: 'https://example.com/x' },
        onFailure: 'branch',
      },
      { id: 'sorry', type: 'flow.exit', input: { reason: 'Told them' } },
    ],
    edges: [
      ['start', 'call'],
      ['call.error', 'sorry'],
    ],
  })
  expect((await home.rest('POST', '/v1/playbooks/dealt/publish')).json()).toEqual({ version: 1 })
  const { run } = (await home.rest('POST', '/v1/playbooks/dealt/runs', { subject: { contact: 'u-1' } })).json()
  const ref = { workspaceId: home.id, runId: run.id as string }
  const at = api.clock.now
  const record = createRunRecord(onPool(api.database.pool), () => {})
  const contactFacts = { id: contact, externalId: 'u-1', properties: {} }
  const facts = { at, contact: contactFacts, account: null, segments: [], signals: [], events: {} }
  await record.open(ref, { kind: 'start', at, trigger: { step: 'start', data: {} }, facts }, at)
  const fault = { code: 'NOT_FOUND' as const, who: 'user' as const, message: 'Nobody there.', fix: 'Look.' }
  const inputs: RunInput[] = [{ kind: 'outcome', at, step: 'call', visit: 1, outcome: { kind: 'failed', fault } }]
  const summary = { status: 'exited' as const, reason: 'Told them', waitingUntil: null, at: [], heldBy: [] }
  await record.append(ref, { from: 1, inputs, epoch: at, summary })
  const view = (await home.rest('GET', `/v1/runs/${run.id}`)).json()
  expect(view.run).toMatchObject({ status: 'exited', reason: 'Told them' })
  expect(view.steps).toMatchObject([
    { id: 'start', status: 'done' },
    { id: 'call', status: 'failed', port: 'error', fault: { code: 'NOT_FOUND' } },
    { id: 'sorry', status: 'done' },
  ])
})

it('settles with the output that came late, where a person gives none', async () => {
  const { id, key } = await runInReview()
  const ledger = createEffectsLedger(onPool(api.database.pool), () => undefined)
  await ledger.land(
    { workspaceId: home.id, runId: id, key },
    { output: 7, externalId: '7', before: null },
    api.clock.now,
  )
  const { data } = (await home.rest('GET', '/v1/reviews')).json()
  expect(data.find((row: { key: string }) => row.key === key)?.fault.message).toBe('The answer came late: it landed.')
  const answer = await home.rest('POST', `/v1/reviews/${encodeURIComponent(key)}`, { landed: true })
  expect(answer.statusCode, answer.body).toBe(202)
  expect(api.temporal.commands.at(-1)?.command).toMatchObject({ landed: true, output: 7 })
})

it('accepts what a person said while Temporal is away', async () => {
  const { id, key } = await runInReview()
  const { command } = api.temporal
  api.temporal.command = () => Promise.reject(new Error('Temporal is away.'))
  const answer = await home.rest('POST', `/v1/reviews/${encodeURIComponent(key)}`, { landed: true })
  api.temporal.command = command
  expect(answer.statusCode, answer.body).toBe(202)
  const kept = await api.database.db.selectFrom('run_commands').select('id').where('run_id', '=', id).execute()
  expect(kept).toEqual([{ id: `settle:${key}` }])
})

it('streams a run, and again when its record moves', async () => {
  const { id } = await runInReview()
  const stop = new AbortController()
  const seen: string[] = []
  const url = await api.server.listen({ host: '127.0.0.1', port: 0 })
  const input = encodeURIComponent(JSON.stringify({ id }))
  const answer = await fetch(`${url}/trpc/runs.watch?input=${input}`, {
    headers: { authorization: `Bearer ${await home.key(['runs:read'])}`, 'accept-encoding': 'gzip' },
    signal: stop.signal,
  })
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  expect(answer.headers.get('content-encoding')).toBeNull()
  const decoder = new TextDecoder()
  for await (const chunk of answer.body ?? []) {
    const text = decoder.decode(chunk)
    for (const [, status] of text.matchAll(/"run":\{"id":"[^"]+".*?"status":"(\w+)"/g)) seen.push(status ?? '')
    if (seen.length === 1 && seen[0] === 'review') {
      await api.database.db.updateTable('runs').set({ status: 'held' }).where('id', '=', id).execute()
      await api.database.pool.query("SELECT pg_notify('signalbox_runs', $1)", [`other ${id}`])
    }
    if (seen.includes('held')) break
  }
  stop.abort()
  expect(seen).toEqual(['review', 'held'])
})

it('refuses to cancel what has ended, and to retry what did not fail', async () => {
  const { id } = await runInReview()
  const ended = { status: 'completed', ended_at: new Date(api.clock.now) }
  await api.database.db.updateTable('runs').set(ended).where('id', '=', id).execute()
  expect((await home.rest('POST', `/v1/runs/${id}/cancel`, { reason: 'x' })).json()).toMatchObject({
    code: 'RUN_ENDED',
  })
  expect((await home.rest('POST', `/v1/runs/${id}/retry`)).json()).toMatchObject({ code: 'NOTHING_FAILED' })
  await api.database.db.updateTable('runs').set({ status: 'failed' }).where('id', '=', id).execute()
  expect((await home.rest('POST', `/v1/runs/${id}/retry`, { step: 'call' })).statusCode).toBe(202)
  expect(api.temporal.commands.at(-1)?.command).toEqual({ kind: 'retry', step: 'call' })
})

it('pauses, leaves out and overrides where that applies, and says why where it does not', async () => {
  const { id } = await runInReview()
  const ask = (what: string, body: object = {}) => home.rest('POST', `/v1/runs/${id}/${what}`, body)
  expect((await ask('pause', { reason: 'Looking' })).statusCode).toBe(202)
  expect(api.temporal.commands.at(-1)?.command).toEqual({ kind: 'pause', reason: 'Looking' })
  expect((await ask('skip', { step: 'call' })).statusCode).toBe(202)
  expect((await ask('override', { step: 'call', output: { id: 7 } })).statusCode).toBe(202)
  expect(api.temporal.commands.at(-1)?.command).toEqual({ kind: 'override', step: 'call', output: { id: 7 } })
  const refused = async (what: string, body?: object) => {
    const answer = await ask(what, body)
    return [answer.statusCode, answer.json().code, answer.json().detail]
  }
  expect(await refused('continue')).toEqual([409, 'COMMAND_REFUSED', 'The run is not paused.'])
  expect(await refused('skip', { step: 'nowhere' })).toEqual([
    409,
    'COMMAND_REFUSED',
    'There is no such step to leave out.',
  ])
  const away = await api.workspace('away')
  expect((await away.rest('POST', `/v1/runs/${id}/pause`)).statusCode).toBe(404)
})

it('says of a command who gave it, and by which ports a step may be left', async () => {
  const { id } = await runInReview()
  expect((await home.rest('POST', `/v1/runs/${id}/pause`, { reason: 'Looking' })).statusCode).toBe(202)
  const told = await api.database.db
    .selectFrom('run_commands')
    .select(['id', 'actor'])
    .where('run_id', '=', id)
    .executeTakeFirstOrThrow()
  // As the worker records it.
  const at = api.clock.now
  const record = createRunRecord(onPool(api.database.pool), () => {})
  const summary = { status: 'held' as const, reason: 'Looking', waitingUntil: null, at: ['call'], heldBy: [] }
  const command = { kind: 'pause' as const, reason: 'Looking' }
  const inputs: RunInput[] = [{ kind: 'operator', at, id: told.id, command }]
  await record.append({ workspaceId: home.id, runId: id }, { from: 2, inputs, epoch: at, summary })
  const view = (await home.rest('GET', `/v1/runs/${id}`)).json()
  expect(view.paused).toBe('Looking')
  expect(view.timeline.at(-1)).toMatchObject({ step: null, what: 'held', text: 'Looking', by: told.actor })
  expect(view.timeline.filter(({ by }: { by: string | null }) => by !== null)).toHaveLength(1)
  expect(view.steps[1]).toMatchObject({ id: 'call', ports: ['out'] })
})

it('pauses the open runs of a playbook together, and lets those go on a few a second', async () => {
  await home.rest('PUT', '/v1/playbooks/many', {
    name: 'Many',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.manual', input: {} },
      { id: 'call', type: 'http.request', input: { method: 'POST', url: 'https://example.com/x' } },
    ],
    edges: [['start', 'call']],
  })
  await home.rest('POST', '/v1/playbooks/many/publish')
  const ids: string[] = []
  for (let i = 0; i < 4; i += 1)
    ids.push((await home.rest('POST', '/v1/playbooks/many/runs', { subject: { contact: 'u-1' } })).json().run.id)
  const [alone = '', over = ''] = ids
  // One was paused by itself, one has ended.
  await api.database.db
    .insertInto('run_commands')
    .values({
      workspace_id: home.id,
      run_id: alone,
      id: 'own',
      command: JSON.stringify({ kind: 'pause', reason: 'x' }),
      actor: 'ada',
      at: new Date(api.clock.now - 1),
    })
    .execute()
  await api.database.db
    .updateTable('runs')
    .set({ ended_at: new Date(api.clock.now) })
    .where('id', '=', over)
    .execute()
  const ask = async (what: string, body: object) =>
    (await home.rest('POST', `/v1/playbooks/many/runs/${what}`, body)).json()
  const paused = async () => (await home.rest('GET', '/v1/playbooks/many/runs/paused')).json()
  const owed = () =>
    api.database.db.selectFrom('run_outbox').selectAll().where('workspace_id', '=', home.id).orderBy('at').execute()
  expect(await ask('continue', {})).toEqual({ runs: 0, perSecond: 20 })
  expect(await ask('pause', { reason: 'Hold on' })).toEqual({ runs: 2 })
  expect(await paused()).toMatchObject({ paused: 0, toPause: 2, toContinue: 0 })
  const told = await owed()
  expect(told.map((row) => row.run_id).sort()).toEqual(ids.slice(2).sort())
  // The worker has handed the first over; the second is still on its way, and goes on after it was paused.
  await api.database.db
    .deleteFrom('run_outbox')
    .where('run_id', '=', told[0]?.run_id ?? '')
    .execute()
  expect(await paused()).toMatchObject({ paused: 1, toPause: 1 })
  api.clock.now += 1
  expect(await ask('continue', { perSecond: 0.5 })).toEqual({ runs: 2, perSecond: 0.5 })
  const due = (await owed()).filter(({ id }) => id.startsWith('playbook-continue:')).map(({ at }) => at.getTime())
  expect(due.map((at) => at - api.clock.now)).toEqual([0, 2_000])
  expect(await paused()).toMatchObject({ paused: 0, toPause: 0, toContinue: 2 })
  expect(await ask('continue', {})).toMatchObject({ runs: 0 })
  await api.database.db.deleteFrom('run_outbox').where('workspace_id', '=', home.id).execute()
})

it('pages through runs without missing or repeating one', async () => {
  for (let i = 0; i < 5; i++) await home.rest('POST', '/v1/playbooks/p/runs', { subject: { contact: 'u-1' } })
  const all = (await home.rest('GET', '/v1/runs?limit=200')).json().data.map(({ id }: { id: string }) => id)
  const paged: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const answer: { data: Array<{ id: string }>; nextCursor: string | null } = (
      await home.rest('GET', `/v1/runs?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
    ).json()
    paged.push(...answer.data.map(({ id }) => id))
    cursor = answer.nextCursor
  }
  expect(paged).toEqual(all)
  expect((await home.rest('GET', '/v1/runs?cursor=nonsense')).json()).toMatchObject({ code: 'CURSOR_INVALID' })
})
