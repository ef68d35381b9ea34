import { afterEach, expect, it } from 'vitest'
import type { RunRef } from '../../engine/ports.ts'
import type { EnteredRun } from '../enroll/enroll.ts'
import { createStartQueue } from './start-queue.ts'

const run = (playbookId: string, n: number): EnteredRun => ({
  workspaceId: 'w',
  runId: `${playbookId}-${n}`,
  playbookId,
  version: 1,
  planHash: 'plan',
  subject: { kind: 'contact', id: 'c' },
  trigger: { step: 'start', data: {} },
})
const runs = (playbookId: string, count: number) => Array.from({ length: count }, (_, n) => run(playbookId, n))
const idsOf = (refs: RunRef[]) => refs.map(({ runId }) => runId)
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A Temporal that answers when the test says so. */
function bench() {
  const started: string[] = []
  const noted: string[] = []
  const errors: unknown[] = []
  const answers: Array<(error?: Error) => void> = []
  const queue = createStartQueue({
    startRuns: (refs) => {
      started.push(...idsOf(refs))
      return new Promise((resolve, reject) => answers.push((error) => (error ? reject(error) : resolve())))
    },
    noteStarted: async (refs) => void noted.push(...idsOf(refs)),
    onError: (error) => errors.push(error),
  })
  open.push(async () => {
    const stopped = queue.stop()
    for (const answer of answers.splice(0)) answer()
    await stopped
  })
  const answerAll = async (): Promise<void> => {
    while (answers.length > 0) {
      answers.shift()?.()
      await turn()
    }
  }
  return { queue, started, noted, errors, answers, answerAll }
}

const open: Array<() => Promise<void>> = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((end) => end()))
})

it('takes playbooks in turn, so that a burst of one does not stand before another’s first run', async () => {
  const { queue, started, answers, answerAll } = bench()
  queue.add(runs('burst', 100))
  expect(started).toHaveLength(10)
  queue.add([run('single', 0)])
  answers.shift()?.()
  await turn()
  expect(started.slice(10)).toContain('single-0')
  await answerAll()
  expect(new Set(started)).toEqual(new Set(idsOf([...runs('burst', 100), run('single', 0)])))
  expect(started).toHaveLength(101)
  expect(started.filter((id) => id.startsWith('burst'))).toEqual(idsOf(runs('burst', 100)))
})

it('holds a run until it is noted as handed over, so that no sweep starts it again', async () => {
  const { queue, noted, answerAll } = bench()
  queue.add(runs('p', 25))
  expect(queue.holds(run('p', 24))).toBe(true)
  expect(queue.holds(run('p', 99))).toBe(false)
  await answerAll()
  expect(queue.holds(run('p', 24))).toBe(true)
  await queue.stop()
  expect(noted.toSorted()).toEqual(idsOf(runs('p', 25)).toSorted())
  expect(queue.holds(run('p', 24))).toBe(false)
})

it('leaves what could not be started to the sweep, says so, and goes on with the others', async () => {
  const { queue, started, noted, errors, answers, answerAll } = bench()
  queue.add(runs('p', 14))
  answers.shift()?.(new Error('Temporal is away.'))
  await turn()
  expect(errors).toEqual([new Error('Temporal is away.')])
  expect(queue.holds(run('p', 0))).toBe(false)
  while (started.length < 14) {
    await answerAll()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await answerAll()
  await queue.stop()
  expect(noted.toSorted()).toEqual(idsOf(runs('p', 14).slice(2)).toSorted())
})

it('hands over what is under way when it is stopped, and nothing more', async () => {
  const { queue, started, noted, answerAll } = bench()
  queue.add(runs('p', 100))
  const stopped = queue.stop()
  await answerAll()
  await stopped
  expect(started).toHaveLength(10)
  expect(noted).toHaveLength(10)
})
