import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chain, wait, write } from '../../test/helpers/chain-plan.ts'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import type { Fault } from '../../nodes/fault.ts'
import { planHash } from '../ids.ts'
import type { Plan } from '../model/plan.ts'
import type { RunRef } from '../ports.ts'
import { replay } from '../run/view.ts'
import type { FailPoint } from './perform-options.ts'
import type { ProceedOrder } from './messages.ts'
import { Stint } from './stint.ts'

const POINTS: FailPoint[] = ['before-intent', 'after-intent', 'after-call', 'after-outcome', 'before-task-end']

let shell: Shell
/** The next passing of this point fails. */
let breaking: FailPoint | null = null
beforeAll(async () => {
  shell = await createShell({
    reached: (point) => {
      if (point !== breaking) return
      breaking = null
      throw new Error(`Broken off at ${point}.`)
    },
  })
})
afterAll(() => shell.close())
beforeEach(() => {
  shell.outside.written.length = 0
})

describe('a stint that breaks off', () => {
  it.each(POINTS)('%s is repeated without a second write, and its record is whole', async (point) => {
    const plan = chain(write('a', 'keyed'), write('b', 'readBack'), write('c', 'review'))
    breaking = point
    const run = await shell.start(plan)
    await shell.ended(run)
    expect(breaking).toBe(null)
    expect(new Set(shell.outside.written.map(({ key }) => key))).toEqual(
      new Set(['a', 'b', 'c'].map((step) => `${run.runId}:${step}:1`)),
    )
    expect(shell.outside.written.filter(({ text }) => text !== 'a')).toHaveLength(2)
    const inputs = await shell.inputs(run)
    expect(inputs.map(({ kind }) => kind)).toEqual(['start', 'outcome', 'outcome', 'outcome'])
    expect(replay(plan, inputs).state).toMatchObject({ status: 'completed' })
  })
})

describe('a stint that is done again because its task was lost', () => {
  // start --> pause --> a --> b
  it('goes on from what the lost one recorded, whatever arrived meanwhile', async () => {
    const plan = chain(wait('pause', 60_000), write('a'), write('b'))
    const run = await shell.enroll(plan)
    const done = async () => ({ kind: 'done' as const, output: null })
    const stint = (order: Partial<ProceedOrder>) =>
      new Stint({ ports: shell.ports, perform: done }, plan, { ...firstOrder(run, plan), ...order }).run()
    const first = await stint({})
    const { state } = replay(plan, first.inputs)
    const { until = 0 } = state?.steps.pause ?? {}
    const rang = { kind: 'wake' as const, step: 'pause', visit: 1, until }
    const waiting = { state, position: first.inputs.length }
    const lost = await stint({ ...waiting, arrivals: [rang] })
    expect(lost.over).toBe(true)
    const cancel = { kind: 'cancel' as const, reason: 'too late' }
    const again = await stint({
      ...waiting,
      arrivals: [{ kind: 'operator', at: until, id: 'c', command: cancel }, rang],
      epoch: Date.now() + 1000,
    })
    expect(again.inputs.slice(0, lost.inputs.length)).toEqual(lost.inputs)
    const inputs = await shell.inputs(run)
    expect(inputs).toEqual([...first.inputs, ...again.inputs])
    expect(replay(plan, inputs).state).toMatchObject({ status: 'completed' })
  })
})

describe('a run that is cancelled before it began', () => {
  it('makes no write', async () => {
    const run = await shell.enroll(chain(write('a'), write('b')))
    await shell.client.command(run, { id: 'c', command: { kind: 'cancel', reason: 'changed my mind' } })
    await shell.ended(run)
    expect(await shell.row(run)).toMatchObject({ status: 'cancelled', reason: 'changed my mind' })
    expect(shell.outside.written).toEqual([])
  })
})

const firstOrder = (run: RunRef, plan: Plan): ProceedOrder => ({
  ...run,
  subject: { kind: 'contact', id: '1' },
  trigger: { step: 'start', data: {} },
  planHash: planHash(run.workspaceId, JSON.stringify(plan)),
  state: null,
  position: 0,
  arrivals: [],
  away: [],
  epoch: Date.now(),
  notBefore: 0,
})

describe('a stint of many actions', () => {
  it('answers after a while with what is left to do, all of it recorded', async () => {
    const plan = chain(write('a'), write('b'), write('c'))
    const run = await shell.enroll(plan)
    let now = Date.now()
    const clock = () => {
      now += 100
      return now
    }
    // Each action takes a second and a half by this clock.
    const perform = async () => {
      now += 1500
      return { kind: 'done' as const, output: null }
    }
    const stint = new Stint({ ports: { ...shell.ports, clock }, perform }, plan, firstOrder(run, plan))
    const { inputs, over } = await stint.run()
    expect(over).toBe(false)
    expect(inputs.map(({ kind }) => kind)).toEqual(['start', 'outcome', 'outcome'])
    expect(await shell.inputs(run)).toEqual(inputs)
    expect(await shell.row(run)).toMatchObject({ status: 'running', at_steps: ['c'] })
  })
})

describe('a step with limits on its repeats', () => {
  const away: Fault = { code: 'VENDOR_UNAVAILABLE', who: 'vendor', message: 'It is away.', fix: 'Wait.' }
  const backoff = { initialMs: 20, coefficient: 1, maximumMs: 20 }
  const limited = (mode: string) => chain({ ...write('a', mode), retry: { attempts: 2, withinMs: null, backoff } })

  it('fails after as many attempts as they allow, and a person’s retry begins anew', async () => {
    shell.outside.script.push(away, away, away)
    const run = await shell.start(limited('keyed'))
    await shell.ended(run)
    expect(await shell.row(run)).toMatchObject({ status: 'failed' })
    expect(shell.outside.script).toHaveLength(1)
    const { state } = replay(limited('keyed'), await shell.inputs(run))
    expect(state?.steps.a?.fault).toEqual({ ...away, message: 'It is away. Given up after 2 attempts.' })
    await shell.client.command(run, { id: 'again', command: { kind: 'retry', step: null } })
    await expect.poll(async () => (await shell.row(run)).status, { timeout: 10_000 }).toBe('completed')
    expect(shell.outside.written.map(({ key }) => key)).toEqual([`${run.runId}:a:1`])
  })

  it('does not say that it failed where an earlier write may have landed', async () => {
    shell.outside.script.push('lost', away)
    const run = await shell.start(limited('natural'))
    await expect.poll(async () => (await shell.row(run)).status, { timeout: 10_000 }).toBe('review')
    expect(shell.outside.written).toHaveLength(1)
    await shell.client.command(run, { id: 'c', command: { kind: 'cancel', reason: 'The test is over.' } })
    await shell.ended(run)
  })
})
