import {
  type Client,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { TypedSearchAttributes } from '@temporalio/common'
import { RUN_TASK_QUEUE, subjectHash } from '../ids.ts'
import type { OperatorCommand } from '../model/run.ts'
import type { HeldRun, RunDirectory, RunRef, RunStartData } from '../ports.ts'
import { connectionOpenSignal, operatorSignal, RUN_WORKFLOW, type RunWorkflowStart, touchedSignal } from './messages.ts'
import { type PlaybookRef, type Schedule, syncSchedules } from './schedule-client.ts'
import { PLAYBOOK, SUBJECT, VERSION, WORKSPACE } from './search-attributes.ts'

export interface RunClientDeps {
  client: Client
  directory: RunDirectory
  taskQueue?: string
  /** Whether a worker of the run queue lives in this process and may take the first task along with the start. */
  eager?: boolean
}

/** How many starts or messages are under way at once. */
const AT_ONCE = 20
/** Few: thousands of open runs are looked for after a restart, just when many of them are due. */
const LOOKS_AT_ONCE = 4

export type RunClient = ReturnType<typeof createRunClient>

/** Everything the other rooms ask of Temporal. Every call is safe to repeat. */
export function createRunClient({ client, directory, taskQueue = RUN_TASK_QUEUE, eager = false }: RunClientDeps) {
  const options = (run: RunRef & RunStartData) => ({
    taskQueue,
    workflowId: run.runId,
    args: [startOf(run), { $plan: run.planHash }] as const,
    typedSearchAttributes: new TypedSearchAttributes([
      { key: WORKSPACE, value: run.workspaceId },
      { key: PLAYBOOK, value: run.playbookId },
      { key: VERSION, value: run.version },
      { key: SUBJECT, value: subjectHash(run.workspaceId, run.subject.kind, run.subject.id) },
    ]),
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    // A burst of one playbook's runs must not stand before another playbook's first.
    priority: { fairnessKey: run.playbookId },
  })

  const start = async (run: RunRef & RunStartData, reuse: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE'): Promise<void> => {
    try {
      await client.workflow.start(RUN_WORKFLOW, {
        ...options(run),
        args: [...options(run).args],
        workflowIdReusePolicy: WorkflowIdReusePolicy[reuse],
        requestEagerStart: eager,
      })
    } catch (error) {
      // It ran already and is over: a late second start of the same run.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    }
  }

  return {
    /** Starts the workflows of committed runs; one that runs already, or has run, is left alone. */
    async startRuns(runs: RunRef[]): Promise<void> {
      await inTurn(await directory.startData(runs), (run) => start(run, 'REJECT_DUPLICATE'))
    },

    /** The same for runs that have just entered, with nothing to look up. */
    async startEntered(runs: Array<RunRef & RunStartData>): Promise<void> {
      await inTurn(runs, (run) => start(run, 'REJECT_DUPLICATE'))
    },

    /** Starts workflows that are missing; each goes on from its record. */
    async restartRuns(runs: RunRef[]): Promise<void> {
      await inTurn(await directory.startData(runs), (run) => start(run, 'ALLOW_DUPLICATE'))
    },

    /** Hands an operator's command to a run; a workflow that is over or missing is started again from its record. */
    async command(run: RunRef, command: { id: string; command: OperatorCommand }): Promise<void> {
      const [data] = await directory.startData([run])
      if (data === undefined) throw new Error(`There is no run ${run.runId}.`)
      await client.workflow.signalWithStart(RUN_WORKFLOW, {
        ...options(data),
        args: [...options(data).args],
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        signal: operatorSignal,
        signalArgs: [command],
      })
    },

    /** Tells the first of the runs held by a connection that it works again; the others follow at its rate. @see releaseHeld */
    async resumeConnection(workspaceId: string, id: string): Promise<void> {
      const connection = { workspaceId, id }
      await resumeRuns(client, await directory.releasable({ connection, seconds: 1, without: [] }))
    },

    resumeRuns: (held: HeldRun[]) => resumeRuns(client, held),

    /** Lets runs look whether what they wait for has happened. */
    async touchRuns(runs: RunRef[]): Promise<void> {
      await inTurn(runs, async ({ runId }) => {
        try {
          await client.workflow.getHandle(runId).signal(touchedSignal)
        } catch (error) {
          // Missing in Temporal: the reconciler brings it back, and it looks by itself.
          if (!(error instanceof WorkflowNotFoundError)) throw error
        }
      })
    },

    syncSchedules: (playbook: PlaybookRef, schedules: Schedule[]) =>
      syncSchedules({ client, taskQueue }, playbook, schedules),

    ready: () => ready(client, taskQueue),

    deleteHistories: (runs: RunRef[]) => deleteHistories(client, runs),

    missing: (runs: RunRef[], look: Look = 'each') => missing(client, runs, look),
  }
}

/**
 * How runs are looked for. In the server's list, two hundred cost what one costs that is asked for by itself; but the list
 * may be late, or know a workflow that the server has lost.
 */
export type Look = 'listed' | 'each'

/** Which of these runs have no open workflow. What the list does not show as open is asked for by itself. */
async function missing(client: Client, runs: RunRef[], look: Look): Promise<RunRef[]> {
  const listed = look === 'listed' ? await listedOpen(client, runs) : new Set<string>()
  const found: RunRef[] = []
  const ask = async (run: RunRef): Promise<void> => {
    try {
      const { status } = await client.workflow.getHandle(run.runId).describe()
      if (status.name !== 'RUNNING') found.push(run)
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
      found.push(run)
    }
  }
  const unlisted = runs.filter(({ runId }) => !listed.has(runId))
  await inTurn(unlisted, ask, LOOKS_AT_ONCE)
  return found
}

async function listedOpen(client: Client, runs: RunRef[]): Promise<Set<string>> {
  const ids = runs.map(({ runId }) => JSON.stringify(runId)).join(', ')
  const { executions } = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query: `ExecutionStatus = "Running" AND WorkflowId IN (${ids})`,
    pageSize: runs.length,
  })
  return new Set((executions ?? []).flatMap(({ execution }) => execution?.workflowId ?? []))
}

/**
 * Asks the server to delete the histories of runs that are over. Not every server can; what stays cannot be read once
 * the run's key is destroyed.
 * @returns how many the server took
 */
async function deleteHistories(client: Client, runs: RunRef[]): Promise<number> {
  let taken = 0
  await inTurn(runs, async ({ runId: workflowId }) => {
    try {
      await client.workflowService.deleteWorkflowExecution({
        namespace: client.options.namespace,
        workflowExecution: { workflowId },
      })
      taken += 1
    } catch (error) {
      // Gone already, or a server that keeps them: both are fine.
      if (!isGrpcServiceError(error) || !REFUSALS.has(error.code)) throw error
    }
  })
  return taken
}

/** NOT_FOUND, PERMISSION_DENIED, FAILED_PRECONDITION, UNIMPLEMENTED. @see https://grpc.io/docs/guides/status-codes */
const REFUSALS = new Set([5, 7, 9, 12])

/**
 * Tells each of these runs that connections work again, whatever becomes of the others.
 * @throws Error after all were tried, when some could not be told
 */
async function resumeRuns(client: Client, held: HeldRun[]): Promise<void> {
  const failed: unknown[] = []
  await inTurn(held, async ({ runId, connections }) => {
    try {
      for (const slug of connections) await client.workflow.getHandle(runId).signal(connectionOpenSignal, slug)
    } catch (error) {
      // Missing in Temporal: the reconciler brings it back, and it looks at the connection itself.
      if (!(error instanceof WorkflowNotFoundError)) failed.push(error)
    }
  })
  if (failed.length > 0)
    throw new Error(`${failed.length} of ${held.length} held runs could not be told to go on.`, { cause: failed[0] })
}

const startOf = ({ workspaceId, runId, subject, trigger }: RunRef & RunStartData): RunWorkflowStart => ({
  workspaceId,
  runId,
  subject,
  trigger,
  carried: null,
})

async function inTurn<T>(items: T[], work: (item: T) => Promise<void>, atOnce = AT_ONCE): Promise<void> {
  const rest = [...items]
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}

async function ready(
  client: Client,
  taskQueue: string,
): Promise<{ reachable: boolean; workers: number; notes: string[] }> {
  try {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: 1,
    })
    return { reachable: true, workers: pollers?.length ?? 0, notes: [] }
  } catch (error) {
    return { reachable: false, workers: 0, notes: [error instanceof Error ? error.message : String(error)] }
  }
}
