import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planHash, runId } from '../../engine/ids.ts'
import { documentDigest } from '../../engine/model/document-digest.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import type { RunInput } from '../../engine/model/run.ts'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import type { Json } from '../../nodes/manifest.ts'
import { newId } from '../db/new-id.ts'

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  const at = new Date(api.clock.now)
  const connection = { workspace_id: home.id, app: 'salesforce', name: 'Salesforce', sealed: Buffer.alloc(1) }
  await api.database.db
    .insertInto('connections')
    .values({ ...connection, id: newId(api.clock.now), slug: 'salesforce', created_at: at, updated_at: at })
    .execute()
})
afterAll(() => api.close())

//  start --> big --over--> wait --> open;  else: over
const documentOf = (over = 100, hours = 1) => ({
  name: 'Expansion',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.event', input: { event: 'Seat Limit Reached' } },
    {
      id: 'big',
      type: 'flow.branch',
      input: { cases: [{ port: 'over', if: { property: 'account.mrr', op: 'gt', value: over } }] },
    },
    { id: 'wait', type: 'flow.delay', input: { mode: 'for', for: `PT${hours}H` } },
    {
      id: 'open',
      type: 'salesforce.createOpportunity@1',
      connection: 'salesforce',
      input: { name: '{{ account.name }} grows', stage: 'Prospecting', account: '{{ account.id }}', closeInDays: 30 },
    },
    { id: 'over', type: 'flow.exit', input: { reason: 'Too small' } },
  ],
  edges: [
    ['start', 'big'],
    ['big.over', 'wait'],
    ['wait', 'open'],
    ['big.else', 'over'],
  ],
})
const acme = { madeUp: { contact: { name: 'Ada' }, account: { name: 'Acme', mrr: 240 } } }

const call = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
  const answer = await home.rest(method, `/v1/playbooks/${path}`, body)
  return { status: answer.statusCode, json: answer.json() }
}

async function drafted(slug: string, document: object = documentOf()): Promise<void> {
  const { json } = await call('PUT', slug, document)
  expect(json.problems).toEqual([])
}

describe('a dry run kept as a test', () => {
  it('passes until the draft does otherwise, gates publishing where that is wanted, and accepts what is meant', async () => {
    await drafted('expansion')
    const saved = await call('POST', 'expansion/tests', { name: 'Acme grows', from: { dryRun: { subject: acme } } })
    expect(saved).toMatchObject({ status: 201, json: { id: expect.any(String) } })
    expect((await call('POST', 'expansion/tests/run')).json).toMatchObject({ passed: 1, failed: 0 })
    expect(
      await call('POST', 'expansion/tests', { name: 'Acme grows', from: { dryRun: { subject: acme } } }),
    ).toMatchObject({
      status: 409,
      json: { code: 'TEST_NAME_TAKEN' },
    })
    expect((await call('PUT', 'expansion/tests/gate', { gate: true })).json).toEqual({ gate: true })
    expect((await call('POST', 'expansion/publish')).json).toEqual({ version: 1 })

    await drafted('expansion', documentOf(300))
    const { json: report } = await call('POST', 'expansion/tests/run')
    expect(report).toMatchObject({ passed: 0, failed: 1, results: [{ name: 'Acme grows', passed: false }] })
    expect(report.results[0].differences.map(({ words }: { words: string }) => words)).toContain(
      'open was to send something, and sends nothing.',
    )
    const refused = await call('POST', 'expansion/publish')
    expect(refused).toMatchObject({
      status: 422,
      json: { code: 'TESTS_FAILED', problems: [{ path: 'tests.Acme grows' }] },
    })

    const { id } = saved.json
    expect(await call('POST', `expansion/tests/${id}/accept`, {})).toMatchObject({
      status: 200,
      json: { expected: { status: 'exited', reason: 'Too small', effects: [] } },
    })
    expect((await call('POST', 'expansion/publish')).json).toEqual({ version: 2 })
    expect((await call('GET', 'expansion/tests')).json).toMatchObject({
      gate: true,
      data: [{ id, name: 'Acme grows' }],
    })
    expect((await call('GET', `expansion/tests/${id}`)).json.fixture.facts.account.properties).toEqual({
      name: 'Acme',
      mrr: 240,
    })
    expect((await call('DELETE', `expansion/tests/${id}`)).json).toEqual({ id })
    expect((await call('GET', `expansion/tests/${id}`)).status).toBe(404)
  })
})

describe('a run kept as a test', () => {
  it('is what it was told, and refused where a person led it, or it is not over', async () => {
    await drafted('runs')
    await call('POST', 'runs/publish')
    const full = await recorded('runs', ['start', 'due', 'outcome'])
    const saved = await call('POST', 'runs/tests', { name: 'As it was', from: { run: full } })
    expect(saved.status).toBe(201)
    const { json } = await call('GET', `runs/tests/${saved.json.id}`)
    expect(json.expected).toMatchObject({
      status: 'completed',
      effects: [{ step: 'open', input: { name: 'Acme grows' } }],
    })
    expect((await call('POST', 'runs/tests/run')).json).toMatchObject({ passed: 1, failed: 0 })
    const open = await call('POST', 'runs/tests', { name: 'Open', from: { run: await recorded('runs', ['start']) } })
    expect(open).toMatchObject({ status: 422, json: { code: 'TEST_NOT_REPEATABLE' } })
    const led = await call('POST', 'runs/tests', {
      name: 'Led',
      from: { run: await recorded('runs', ['start', 'skip', 'outcome']) },
    })
    expect(led.json.detail).toContain('by hand (skip)')
    await drafted('other')
    expect((await call('POST', 'other/tests', { name: 'Strange', from: { run: full } })).json.detail).toContain(
      'playbook runs',
    )
  })
})

let made = 0
/** A run of the live version with such a record. */
async function recorded(slug: string, kinds: Array<'start' | 'due' | 'outcome' | 'skip'>): Promise<string> {
  const { db } = api.database
  const playbook = await db.selectFrom('playbooks').select('id').where('slug', '=', slug).executeTakeFirstOrThrow()
  const version = await db
    .selectFrom('playbook_versions')
    .innerJoin('plans', 'plans.hash', 'playbook_versions.plan_hash')
    .select(['plan', 'plan_hash'])
    .where('playbook_id', '=', playbook.id)
    .executeTakeFirstOrThrow()
  const plan = version.plan as unknown as Plan
  expect(version.plan_hash).toBe(planHash(home.id, JSON.stringify(plan)))
  made += 1
  const id = runId(home.id, playbook.id, String(made))
  const at = api.clock.now
  const contactId = newId(at)
  const facts = (now: number) => ({
    at: now,
    contact: { id: contactId, externalId: null, properties: {} },
    account: { id: newId(at), externalId: null, properties: { name: 'Acme', mrr: 240 } },
    segments: [],
    signals: [],
    events: {},
  })
  const trigger = { step: 'start', data: { name: 'Seat Limit Reached' } }
  const inputs: { [kind in (typeof kinds)[number]]: RunInput } = {
    start: { kind: 'start', at, trigger, facts: facts(at) },
    due: { kind: 'due', at: at + 3_600_500, step: 'wait', visit: 1, facts: facts(at + 3_600_500) },
    skip: { kind: 'operator', at: at + 60_000, id: 'skip', command: { kind: 'skip', step: 'wait' } },
    outcome: {
      kind: 'outcome',
      at: at + 3_601_000,
      step: 'open',
      visit: 1,
      outcome: { kind: 'done', output: { id: '006' } },
    },
  }
  await db
    .insertInto('runs')
    .values({
      workspace_id: home.id,
      id,
      playbook_id: playbook.id,
      version: 1,
      plan_hash: version.plan_hash,
      subject_kind: 'contact',
      subject_id: contactId,
      occurrence: String(made),
      trigger: JSON.stringify(trigger),
      cause: '{}',
      created_at: new Date(at),
      updated_at: new Date(at),
    })
    .execute()
  for (const [position, kind] of kinds.entries())
    await db
      .insertInto('run_inputs')
      .values({
        workspace_id: home.id,
        run_id: id,
        position,
        at: new Date(inputs[kind].at),
        epoch: 1,
        input: JSON.stringify(inputs[kind]),
      })
      .execute()
  return id
}

describe('what steps are taken to answer', () => {
  it('is kept with the draft, used by dry runs, and stale once the step is another', async () => {
    await drafted('samples')
    const kept: Json = { id: '006-kept' }
    const { json } = await call('PUT', 'samples/samples/open', { output: kept })
    expect(json.data).toMatchObject([{ step: 'open', output: kept, stale: false }])
    const saved = await call('POST', 'samples/tests', { name: 'With it', from: { dryRun: { subject: acme } } })
    expect((await call('GET', `samples/tests/${saved.json.id}`)).json.fixture.answers).toEqual({
      open: { output: kept },
    })
    const document = documentOf()
    document.steps = document.steps.map((step) =>
      step.id === 'open' ? { ...step, input: { ...step.input, stage: 'Qualification' } } : step,
    ) as never
    await drafted('samples', document)
    expect((await call('GET', 'samples/samples')).json.data).toMatchObject([{ step: 'open', stale: true }])
    expect((await call('PUT', 'samples/samples/none', { output: kept })).json).toMatchObject({ code: 'STEP_UNKNOWN' })
    expect((await call('PUT', 'samples/samples/open', { output: null })).json.data).toEqual([])
    expect((await call('POST', 'samples/dry-run', { subject: acme, pins: { none: 1 } })).json).toMatchObject({
      code: 'PIN_UNKNOWN',
    })
    const unknown = { subject: acme, waits: { wait: { kind: 'never' } } }
    expect((await call('POST', 'samples/dry-run', unknown)).json).toMatchObject({ code: 'WAIT_UNKNOWN' })
  })
})

describe('a backtest that is asked for', () => {
  it('waits for a worker, one at a time, and is cancelled', async () => {
    await drafted('asked')
    const asked = await call('POST', 'asked/backtests', { days: 30 })
    expect(asked.status).toBe(202)
    const { id } = asked.json
    expect((await call('GET', `asked/backtests/${id}`)).json).toMatchObject({
      id,
      status: 'waiting',
      progress: 0,
      result: null,
    })
    expect(await call('POST', 'asked/backtests', { days: 7 })).toMatchObject({
      status: 409,
      json: { code: 'BACKTEST_RUNNING' },
    })
    expect((await call('POST', `asked/backtests/${id}/cancel`)).json).toMatchObject({ status: 'cancelled' })
    expect((await call('POST', `asked/backtests/${id}/cancel`)).json).toMatchObject({ code: 'BACKTEST_OVER' })
    expect((await call('GET', 'asked/backtests')).json.data).toMatchObject([{ id, status: 'cancelled' }])
  })

  it('says of which draft it is, whatever became of the draft since', async () => {
    const digestOf = (document: object) => documentDigest(document as PlaybookDocument)
    await drafted('older')
    const { id } = (await call('POST', 'older/backtests', { days: 30 })).json
    await call('POST', `older/backtests/${id}/cancel`)
    await drafted('older', documentOf(300))
    expect((await call('GET', `older/backtests/${id}`)).json.digest).toBe(digestOf(documentOf()))
    expect(digestOf((await call('GET', 'older')).json.document)).toBe(digestOf(documentOf(300)))
    api.clock.now += 1000
    const { id: next } = (await call('POST', 'older/backtests', { days: 30, document: documentOf(400) })).json
    await call('POST', `older/backtests/${next}/cancel`)
    expect((await call('GET', 'older/backtests')).json.data).toMatchObject([
      { id: next, digest: digestOf(documentOf(400)) },
      { id, digest: digestOf(documentOf()) },
    ])
  })

  it('is refused for what it cannot follow, and for days of which nothing is kept', async () => {
    await drafted('long')
    expect((await call('POST', 'long/backtests', { days: 366 })).json).toMatchObject({ code: 'BACKTEST_TOO_LONG' })
    expect((await call('POST', 'long/backtests', { days: 30, pins: { none: 1 } })).json).toMatchObject({
      code: 'PIN_UNKNOWN',
    })
    const turns = documentOf() as { enrollment: object }
    await drafted('turns', { ...turns, enrollment: { ...turns.enrollment, concurrency: { policy: 'replace' } } })
    expect((await call('POST', 'turns/backtests', { days: 30 })).json).toMatchObject({ code: 'BACKTEST_REFUSED' })
  })
})
