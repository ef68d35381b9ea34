import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { act, asks, exit, planOf, trigger } from '../../test/helpers/plans.ts'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { storePlaybook } from '../../test/helpers/store-playbook.ts'
import type { Plan, PlanStep } from '../../engine/model/plan.ts'
import type { RunRef } from '../../engine/ports.ts'
import { commandOwed } from '../../engine/temporal/reconcile.ts'

let shell: Shell
beforeAll(async () => {
  shell = await createShell()
})
afterAll(() => shell.close())
beforeEach(() => {
  shell.outside.written.length = 0
})

const write = (id: string, next: string[], text = id): PlanStep => ({
  ...act(id, next),
  type: 'pad.natural@1',
  connection: 'pad',
  input: { text },
  readsSteps: ['call'],
})
const called = (next: string[], fields = { percent: 'How much' }): PlanStep => ({
  ...trigger('called', next),
  op: 'trigger',
  type: 'trigger.call@1',
  input: { fields },
})
const calls = (playbook: string, more: { inputs?: object; out?: { [port: string]: string[] } } = {}): PlanStep => ({
  ...asks('call', null),
  type: 'flow.callPlaybook@1',
  out: { done: [], failed: [], timeout: [], ...more.out },
  input: { playbook, wait: 'yes', ...(more.inputs && { inputs: more.inputs as { [name: string]: string } }) },
  answer: { ports: ['done', 'failed'], maxWaitMs: null },
  keeps: true,
})

function leaving(outputs: { [name: string]: string }): PlanStep {
  const step = exit('end', 'Accepted')
  return step.op === 'exit' ? { ...step, outputs } : step
}

/** A published playbook, or the one that a run is of. */
const publish = (slug: string, plan: Plan, id?: string): Promise<string> =>
  storePlaybook(
    { ...shell.database, workspaceId: shell.workspaceId },
    { slug, plan, ...(id === undefined ? {} : { id }) },
  )

async function start(plan: Plan): Promise<RunRef> {
  const run = await shell.enroll(plan, { wanted: 20 })
  const { playbook_id } = await rowOf(run.runId)
  await publish(`caller-${playbook_id}`, plan, playbook_id)
  await shell.client.startRuns([run])
  return run
}

const rowOf = (id: string) =>
  shell.database.db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const childrenOf = ({ runId }: RunRef) =>
  shell.database.db.selectFrom('run_calls').selectAll().where('caller_id', '=', runId).execute()
const childOf = async (run: RunRef): Promise<string> => {
  await expect.poll(() => childrenOf(run), { timeout: 20_000 }).toHaveLength(1)
  const [child] = await childrenOf(run)
  return child?.run_id ?? ''
}
/** As the workers do each second. */
const untilEnded = (id: string, as: object) =>
  expect
    .poll(
      async () => {
        await commandOwed(shell.directory, shell.client, Date.now() + 1)
        const { status, reason, ended_at } = await rowOf(id)
        return { status: ended_at === null ? 'open' : status, reason }
      },
      { timeout: 20_000 },
    )
    .toMatchObject(as)

it('runs for the same subject with its inputs, and the caller reads what its exit leaves', async () => {
  const child = planOf([
    called(['tell']),
    write('tell', ['end'], 'child: {{ trigger.data.percent }}'),
    leaving({ percent: 'trigger.data.percent', none: 'steps.no.such' }),
  ])
  await publish('offer', child)
  const caller = planOf([
    trigger('start', ['call']),
    calls('offer', { inputs: { percent: '{{ trigger.wanted }}' }, out: { done: ['go'], failed: ['sorry'] } }),
    write('go', [], 'caller: {{ steps.call.output.percent }}, {{ steps.call.status }}, {{ steps.call.reason }}'),
    write('sorry', []),
  ])
  const run = await start(caller)
  const id = await childOf(run)
  await untilEnded(run.runId, { status: 'completed' })
  expect(shell.outside.written.map(({ text }) => text)).toEqual(['child: 20', 'caller: 20, exited, Accepted'])
  const [row, own] = [await rowOf(id), await rowOf(run.runId)]
  expect(row).toMatchObject({ subject_id: own.subject_id, status: 'exited', output: { percent: 20, none: null } })
  expect(row.cause).toMatchObject({ kind: 'call', chain: [{ run: run.runId, step: 'call' }] })
  expect(row.trigger).toMatchObject({ data: { caller: { run: run.runId, step: 'call' } } })
})

it('is left by “failed” when the called run fails, and once', async () => {
  await publish('breaks', planOf([called(['bad']), write('bad', [])]))
  shell.outside.refused.add('bad')
  const caller = planOf([
    trigger('start', ['call']),
    calls('breaks', { out: { done: ['go'], failed: ['sorry'] } }),
    write('go', []),
    write('sorry', [], 'sorry: {{ steps.call.status }}'),
  ])
  const run = await start(caller)
  await untilEnded(run.runId, { status: 'completed' })
  expect(shell.outside.written.map(({ text }) => text)).toEqual(['sorry: failed'])
})

it('ends with the run that called it when that is ended', async () => {
  await publish('waits', planOf([called(['ask']), { ...asks('ask', null), out: {}, input: ASKED }]))
  const run = await start(planOf([trigger('start', ['call']), calls('waits')]))
  const id = await childOf(run)
  await expect.poll(() => rowOf(id), { timeout: 20_000 }).toMatchObject({ status: 'waiting', at_steps: ['ask'] })
  await shell.client.command(run, { id: 'stop', command: { kind: 'cancel', reason: 'Enough.' } })
  await untilEnded(id, { status: 'cancelled', reason: 'The run that called it was ended.' })
})
const ASKED = { title: 'Go on?', maxWait: 'P3D', link: 'mayAnswer' }

it.each([
  ['leave', 'waiting', null],
  ['end', 'cancelled', 'The run that called it waited no longer.'],
] as const)('once its caller waits no longer: %s', async (onTimeout, status, reason) => {
  const slug = `slow-${onTimeout}`
  await publish(slug, planOf([called(['ask']), { ...asks('ask', null), out: {}, input: ASKED }]))
  const drawn = calls(slug, { out: { timeout: ['late'] } })
  const caller = planOf([
    trigger('start', ['call', 'stay']),
    {
      ...drawn,
      input: { playbook: slug, wait: 'yes', maxWait: 'PT1S', onTimeout },
      answer: { ports: ['done', 'failed'], maxWaitMs: 1000 },
    } as PlanStep,
    { ...asks('stay', null), input: ASKED },
    write('late', []),
  ])
  const run = await start(caller)
  const id = await childOf(run)
  // However late it is, nobody ends what a step still waits for: it is left by its time and by nothing else.
  await commandOwed(shell.directory, shell.client, Date.now() + 3_600_000)
  await expect
    .poll(() => rowOf(run.runId), { timeout: 20_000 })
    .toMatchObject({ status: 'waiting', at_steps: ['stay'] })
  expect(shell.outside.written.map(({ text }) => text)).toEqual(['late'])
  await expect
    .poll(
      async () => {
        await commandOwed(shell.directory, shell.client, Date.now() + 3_600_000)
        return rowOf(id)
      },
      { timeout: 20_000 },
    )
    .toMatchObject({ status, reason })
  expect(await rowOf(run.runId)).toMatchObject({ status: 'waiting', at_steps: ['stay'] })
  await shell.client.command(run, { id: 'stop', command: { kind: 'cancel', reason: 'Seen.' } })
  await untilEnded(id, { status: 'cancelled' })
})

it('does not call itself for ever', async () => {
  const circle = planOf([called(['call'], {} as never), calls('circle')])
  await publish('circle', circle)
  const run = await start(planOf([trigger('start', ['call']), calls('circle')]))
  await untilEnded(run.runId, { status: 'completed' })
  const [first] = await childrenOf(run)
  const again = { workspaceId: shell.workspaceId, runId: first?.run_id ?? '' }
  expect(await rowOf(again.runId)).toMatchObject({
    status: 'failed',
    reason: expect.stringMatching(/did not let the run in: It would start itself again/),
  })
  expect(await childrenOf(again)).toEqual([])
})

it.each([
  ['no-such', {}, /no published playbook “no-such”/],
  ['by-event', {}, /has no step “Called by another playbook”/],
  ['takes', { other: 1 }, /takes no other\. It takes: percent/],
])('says why “%s” cannot be called', async (slug, inputs, why) => {
  if (slug === 'by-event') await publish(slug, planOf([trigger('start', ['a']), write('a', [])]))
  if (slug === 'takes') await publish(slug, planOf([called(['a']), write('a', [])]))
  const run = await start(planOf([trigger('start', ['call']), calls(slug, { inputs })]))
  await untilEnded(run.runId, { status: 'failed', reason: expect.stringMatching(why) })
})
