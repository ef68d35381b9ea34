import type { ActionContext, AnyActionDefinition, Catalog, OpenedConnection } from '../../nodes/define.ts'
import { type Fault, FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import { renderInput } from '../expression/render.ts'
import { effectKey } from '../ids.ts'
import { assertNever } from '../model/assert-never.ts'
import type { EffectRow, Ports, RecordPart, RunRef } from '../ports.ts'
import { nextAttempt, retryOf } from '../run/retry.ts'
import type { PerformOptions } from './perform-options.ts'
import type { ClientPool } from './client-pool.ts'
import type { ActOrder } from '../run/act-order.ts'
import { mayReach } from './may-reach.ts'
import type { ActResult } from './messages.ts'

/** Waits shorter than this are spent here; longer ones become timers of the workflow. */
const SHORT_WAIT_MS = 1000

/** @param takeRecord asked once, for what led to this attempt and is not recorded yet: it is written with the intent */
export type Perform = (order: ActOrder, takeRecord: () => RecordPart | null) => Promise<ActResult>

/**
 * One attempt of one action, with its intent, outcome and everything between in the effects ledger, so that it can
 * be repeated at any point by any process without a second write.
 * @param options.mayDefer whether slow actions are handed to the shared queue; its own worker says false
 */
export function createPerform(
  ports: Ports,
  pool: ClientPool,
  options: PerformOptions & { mayDefer: boolean },
): Perform {
  return async (order, takeRecord) => {
    if (order.sets) return valueOf(order)
    const definition = findAction(ports.catalog, order.action)
    if (definition === undefined) return failed(unknownAction(order.action))
    if (order.givenUp && !(await hasBegun(ports, order))) return { kind: 'paced', at: ports.clock() }
    const ready = await prepare(ports, order, definition)
    if ('kind' in ready) return ready
    const { input, connection } = ready
    if (connection !== null && options.mayDefer && pool.latencyMs(connection.id, order.action) > options.slowMs)
      return { kind: 'elsewhere', connectionId: connection.id }
    const unreachable = await mayReach(ports, order, { definition, input })
    if (unreachable !== null) return unreachable
    if (connection !== null) {
      const pace = await takeBudget(ports, pool, { order, connection })
      if (pace !== null) return pace
    }
    options.reached?.('before-intent')
    const row = await intend(ports, order, { input, connectionId: connection?.id ?? null, record: takeRecord() })
    options.reached?.('after-intent')
    const known = settled(row)
    if (known !== null) return known
    return attempt({ ports, options, pool, order, definition, input, connection, row, phase: 'write' })
  }
}

/** A variable is worked out where the templates of actions are, and leaves no line in the ledger. */
function valueOf({ input, scope }: ActOrder): ActResult {
  try {
    return { kind: 'done', output: renderInput(input, scope) }
  } catch (error) {
    if (error instanceof FaultError) return failed(error.fault)
    throw error
  }
}

interface Attempt {
  ports: Ports
  options: PerformOptions
  pool: ClientPool
  order: ActOrder
  definition: AnyActionDefinition
  input: unknown
  connection: OpenedConnection | null
  row: EffectRow & { resumed: boolean }
  /** What was going on: a fault while looking says nothing of the earlier write. */
  phase: 'look' | 'write'
}

async function attempt(a: Attempt): Promise<ActResult> {
  const { ports, options, order, definition, row } = a
  const now = ports.clock()
  if (row.resumed && definition.repeat.mode === 'review') return review(a, lostAnswer(definition))
  if (row.resumed && definition.readBack !== undefined) {
    const notBefore = row.attemptedAt + definition.readBack.notBeforeMs
    if (now < notBefore) return { kind: 'retry', at: notBefore, fault: lostAnswer(definition) }
  }
  try {
    const result = await a.pool.use({ order, definition, connection: a.connection, intendedAt: row.intendedAt }, (c) =>
      runOrReadBack(a, c),
    )
    options.reached?.('after-call')
    const landed = {
      output: result.output as Json,
      externalId: result.externalId ?? null,
      before: result.before ?? null,
    }
    await ports.ledger.land(row, landed, ports.clock())
    options.reached?.('after-outcome')
    return { kind: 'done', output: landed.output }
  } catch (error) {
    if (error instanceof FaultError) return afterFault(a, error.fault)
    throw error
  }
}

async function runOrReadBack(a: Attempt, c: ActionContext<never, never>) {
  const context = { ...c, input: a.input as never }
  if (a.row.resumed && a.definition.readBack !== undefined) {
    a.phase = 'look'
    const found = await a.definition.readBack.look(context)
    if (found.landed) return found.result
    await a.ports.ledger.reattempt(a.row, a.ports.clock())
    a.phase = 'write'
  }
  return a.definition.run(context)
}

/** What the ledger, the connection and the run do about a fault: the table in `engine/run/retry.ts`, carried out. */
async function afterFault(a: Attempt, fault: Fault): Promise<ActResult> {
  const { ports, order, definition, row, connection } = a
  const now = ports.clock()
  const limits = order.limits === undefined ? {} : { limits: order.limits }
  const next = nextAttempt(fault, order.attempt, { now, random: a.options.random(), ...limits })
  if (retryOf(fault.code) === 'after' && connection !== null && fault.retryAfterMs !== undefined)
    await ports.budgets.backOff(connection.id, now + fault.retryAfterMs)
  // A fault that came before any work leaves the next attempt a clean start; not one while looking back, and not one
  // after an attempt whose end nobody looked for.
  const unknown = a.phase === 'look' || (row.resumed && definition.readBack === undefined)
  const clear = () => (unknown ? Promise.resolve() : ports.ledger.clear(row, fault, now))
  switch (next.kind) {
    case 'retry':
      await clear()
      return { kind: 'retry', fault, at: next.at }
    case 'settle':
      // The write may have landed: the attempt stays open, and the next one settles it in the action's own way.
      return definition.repeat.mode === 'review' ? review(a, fault) : { kind: 'retry', fault, at: next.at }
    case 'held':
      await clear()
      if (connection === null || order.connection === null) return failed(fault)
      await ports.connections.pause(order.workspaceId, connection.id, fault)
      return { kind: 'held', fault, connection: order.connection }
    case 'failed':
      return giveUp(
        a,
        next.gaveUp === undefined ? fault : { ...fault, message: `${fault.message} ${next.gaveUp}` },
        unknown,
      )
    default:
      return assertNever(next)
  }
}

/** No attempt follows. Where an earlier write may have landed, that it failed would be said without knowing. */
async function giveUp(a: Attempt, fault: Fault, unknown: boolean): Promise<ActResult> {
  const kind = retryOf(fault.code)
  if (a.phase === 'look' || kind === 'settle' || (unknown && kind !== 'never')) return review(a, fault)
  await a.ports.ledger.fail(a.row, fault, a.ports.clock())
  return failed(fault)
}

async function review(a: Attempt, fault: Fault): Promise<ActResult> {
  await a.ports.ledger.review(a.row, fault, a.ports.clock())
  return { kind: 'review', fault }
}

type Ready = { input: unknown; connection: OpenedConnection | null }

/** Renders and checks the input and opens the connection, before anything is intended. */
async function prepare(ports: Ports, order: ActOrder, definition: AnyActionDefinition): Promise<Ready | ActResult> {
  let connection: OpenedConnection | null = null
  if (order.connection !== null) {
    const opened = await ports.connections.open(order.workspaceId, order.connection)
    if (opened.state === 'paused') return { kind: 'held', fault: opened.fault, connection: order.connection }
    if (opened.state === 'missing') return failed(missingConnection(order.connection))
    connection = opened.connection
  }
  try {
    const rendered = renderInput(order.input, order.scope)
    const parsed = definition.input.safeParse(rendered)
    if (parsed.success) return { input: parsed.data, connection }
    return failed(invalidInput(parsed.error.issues.map((i) => `${i.path.join('.') || 'input'}: ${i.message}`)))
  } catch (error) {
    if (error instanceof FaultError) return failed(error.fault)
    throw error
  }
}

async function takeBudget(
  ports: Ports,
  pool: ClientPool,
  { order, connection }: { order: ActOrder; connection: OpenedConnection },
): Promise<ActResult | null> {
  const calls = pool.expectedCalls(connection.id, order.action)
  let taken = await ports.budgets.take(connection.id, calls, order.slot)
  if (taken.granted) return null
  const waitMs = taken.at - ports.clock()
  if (waitMs > SHORT_WAIT_MS) return { kind: 'paced', at: taken.at }
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)))
  taken = await ports.budgets.take(connection.id, calls, taken.at)
  return taken.granted ? null : { kind: 'paced', at: taken.at }
}

interface Intent {
  input: unknown
  connectionId: string | null
  record: RecordPart | null
}

const intend = (ports: Ports, order: ActOrder, what: Intent) =>
  ports.ledger.intend(
    {
      ...refOf(order),
      key: effectKey(order.runId, order.step, order.visit),
      step: order.step,
      visit: order.visit,
      action: order.action,
      connectionId: what.connectionId,
      input: what.input as Json,
    },
    ports.clock(),
    what.record,
  )

const hasBegun = (ports: Ports, order: ActOrder): Promise<boolean> =>
  ports.ledger.hasBegun({ ...refOf(order), key: effectKey(order.runId, order.step, order.visit) })

/** An outcome the ledger already knows. */
function settled(row: EffectRow): ActResult | null {
  if (row.status === 'landed') return { kind: 'done', output: row.output }
  if (row.status === 'unknown' && row.fault !== null) return { kind: 'review', fault: row.fault }
  return null
}

const refOf = ({ workspaceId, runId }: ActOrder): RunRef => ({ workspaceId, runId })
const failed = (fault: Fault): ActResult => ({ kind: 'failed', fault })

function findAction(catalog: Catalog, type: string): AnyActionDefinition | undefined {
  const [name, version] = type.split('@')
  const found = catalog.steps.find((s) => s.kind === 'action' && s.type === name && String(s.version) === version)
  return found?.kind === 'action' ? found : undefined
}

const unknownAction = (type: string): Fault => ({
  code: 'CONFIGURATION',
  who: 'operator',
  message: `This worker does not know the action ${type}.`,
  fix: 'Start workers of the version that published this playbook, then retry the run.',
})

const missingConnection = (slug: string): Fault => ({
  code: 'CONNECTION_MISSING',
  who: 'user',
  message: `The connection "${slug}" is not there any more.`,
  fix: 'Connect it again under the same name in Connections, then retry the run.',
})

const invalidInput = (issues: string[]): Fault => ({
  code: 'INVALID_INPUT',
  who: 'user',
  message: `The step's input is not what the action takes: ${issues.join('; ')}.`,
  fix: 'Correct the field in the playbook, or the data it reads, then retry the run.',
})

const lostAnswer = (definition: AnyActionDefinition): Fault => ({
  code: 'OUTCOME_UNKNOWN',
  who: definition.repeat.mode === 'review' ? 'user' : 'signalbox',
  message: 'The process ended, or the connection broke, after the write was sent and before its answer came.',
  fix:
    definition.repeat.mode === 'review'
      ? 'Look in the other system whether it landed, then say so in Reviews.'
      : 'Nothing: the step looks whether it landed before it writes again.',
})
