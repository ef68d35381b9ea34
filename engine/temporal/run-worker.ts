import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { type NativeConnection, Worker } from '@temporalio/worker'
import { RUN_TASK_QUEUE } from '../ids.ts'
import { type Ports, RunGone } from '../ports.ts'
import { createActionActivities, createRunActivities } from './activities.ts'
import type { PerformOptions } from './perform-options.ts'
import { createClientPool } from './client-pool.ts'
import { dataConverterOf } from './data-converter.ts'
import { actionQueueOf } from './messages.ts'
import type { ScheduleActivities } from './schedule-messages.ts'

export interface RunWorkerOptions {
  connection: NativeConnection
  namespace: string
  ports: Ports
  schedules: ScheduleActivities
  perform: PerformOptions
  bundlePath: string
  /** Another name than the product's, for tests that share a server. */
  taskQueue?: string
}

/** The two workers of a worker process: one for runs with their quick actions, one for slow actions. */
export async function createRunWorkers(options: RunWorkerOptions): Promise<Worker[]> {
  const { connection, namespace, ports, schedules, perform, bundlePath } = options
  const taskQueue = options.taskQueue ?? RUN_TASK_QUEUE
  const common = {
    connection,
    namespace,
    dataConverter: dataConverterOf(ports),
    shutdownGraceTime: '10 seconds',
  } as const
  // One for both workers, so that what the slow queue learns is known to the quick one.
  const pool = createClientPool(ports, perform)
  const runs = await Worker.create({
    ...common,
    taskQueue,
    workflowBundle: { codePath: bundlePath },
    activities: sayingGone({ ...createRunActivities(ports, pool, perform), ...schedules }),
    maxConcurrentLocalActivityExecutions: 200,
    // Of runs that wait for long few are woken while they are still kept, and keeping them is what a worker's memory goes to.
    maxCachedWorkflows: 200,
  })
  const actions = await Worker.create({
    ...common,
    taskQueue: actionQueueOf(taskQueue),
    activities: beating(sayingGone(createActionActivities(ports, pool, perform))),
    maxConcurrentActivityTaskExecutions: 100,
  })
  return [runs, actions]
}

/** A third of the workflow's heartbeat timeout, so that one lost beat is not a death. */
const HEARTBEAT_MS = 10_000

type Activities = { [name: string]: (...args: never[]) => Promise<unknown> }

/** A run that was deleted cannot go on: its workflow ends instead of trying for ever. */
function sayingGone<A extends object>(activities: A): A {
  const wrapped = Object.entries(activities as Activities).map(([name, run]) => [
    name,
    async (...args: never[]) => {
      try {
        return await run(...args)
      } catch (error) {
        if (error instanceof RunGone) throw ApplicationFailure.nonRetryable(error.message, 'RUN_GONE')
        throw error
      }
    },
  ])
  return Object.fromEntries(wrapped) as A
}

/** A slow action says that it lives, so that after a kill its next attempt need not wait for the whole timeout. */
function beating<A extends object>(activities: A): A {
  const wrapped = Object.entries(activities as Activities).map(([name, run]) => [
    name,
    async (...args: never[]) => {
      const context = Context.current()
      const timer = setInterval(() => context.heartbeat(), HEARTBEAT_MS)
      try {
        return await run(...args)
      } finally {
        clearInterval(timer)
      }
    },
  ])
  return Object.fromEntries(wrapped) as A
}
