// Exit code 0 when the worker of this container asked Temporal for work lately. For the container's health check:
// a worker that has lost its way to Temporal is otherwise just a quiet process.
import { hostname } from 'node:os'
import { Connection } from '@temporalio/client'
import { RUN_TASK_QUEUE } from '../engine/ids.ts'
import { readEnvironment } from './environment.ts'
import { isUserError } from './supervise/user-error.ts'
import { temporalConnectionOptions } from './temporal-connection.ts'

const WORKFLOW_TASKS = 1
/** A poll is open for a minute at most, then it is renewed. */
const LATELY_MS = 120_000

async function pollsFromHere(): Promise<boolean> {
  const { temporal } = readEnvironment(process.env, { sandbox: false, demo: false })
  const connection = await Connection.connect(temporalConnectionOptions(temporal))
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace: temporal.namespace,
      taskQueue: { name: RUN_TASK_QUEUE },
      taskQueueType: WORKFLOW_TASKS,
    })
    return (pollers ?? []).some(({ identity, lastAccessTime }) => {
      const at = Number(lastAccessTime?.seconds ?? 0) * 1000
      // The SDK's identity is pid@hostname.
      return identity?.endsWith(`@${hostname()}`) === true && Date.now() - at < LATELY_MS
    })
  } finally {
    await connection.close()
  }
}

try {
  const healthy = await pollsFromHere()
  process.stdout.write(healthy ? 'polling\n' : `no worker of ${hostname()} polls ${RUN_TASK_QUEUE}\n`)
  process.exitCode = healthy ? 0 : 1
} catch (error) {
  process.stderr.write(`${isUserError(error) ? error.message : String(error)}\n`)
  process.exitCode = 1
}
