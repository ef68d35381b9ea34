import { ApplicationFailure, proxyLocalActivities, sleep } from '@temporalio/workflow'
import type { Json } from '../../nodes/manifest.ts'
import type { Facts, Instant, SubjectFacts } from '../../engine/model/rule.ts'
import type { RunInput } from '../../engine/model/run.ts'
import type { RecordPart } from '../../engine/ports.ts'
import type { RunWorkflowStart } from '../../engine/temporal/messages.ts'
import type { HandwrittenActivities, HandwrittenSteps } from './run-variants.ts'

const local = proxyLocalActivities<HandwrittenActivities>({
  startToCloseTimeout: '60 seconds',
  localRetryThreshold: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '20 seconds' },
})

/**
 * What workflows written by hand share: one activity a step, with the product's own ledger, record and clients. What
 * happened is written with the next intent, as in the product. No plan, no state, no `advance`.
 */
export class HandwrittenRun {
  facts: Facts
  readonly trigger: RunWorkflowStart['trigger']
  private readonly start: RunWorkflowStart
  private readonly steps: HandwrittenSteps
  private readonly at = new Set<string>()
  private inputs: RunInput[] = []
  private written = 1
  /** Whether what lists show is as the run is. */
  private shown = false

  private constructor(start: RunWorkflowStart, steps: HandwrittenSteps, facts: Facts) {
    this.start = start
    this.steps = steps
    this.trigger = start.trigger
    this.facts = facts
  }

  static async open(start: RunWorkflowStart, steps: HandwrittenSteps): Promise<HandwrittenRun> {
    const { workspaceId, runId, subject, trigger } = start
    const order = { workspaceId, runId, subject, trigger, reads: steps.reads, epoch: Date.now() }
    const [opened] = await local.begin(order)
    if (opened?.kind !== 'start') throw ApplicationFailure.nonRetryable('The run did not open.')
    return new HandwrittenRun(start, steps, opened.facts)
  }

  /** @param given.instance of a step that runs once for each item of a list */
  async act(step: string, { instance = step, item = null }: { instance?: string; item?: Json } = {}): Promise<void> {
    const action = this.steps.actions[step]
    if (action === undefined) throw ApplicationFailure.nonRetryable(`There is no action ${step}.`)
    this.at.add(instance)
    const { contact, account } = this.facts
    const scope = {
      contact: contact && { ...contact.properties, id: contact.id },
      account: account && { ...account.properties, id: account.id },
      trigger: this.trigger.data,
      steps: {},
      vars: {},
      item,
    }
    const performed = await local.perform({
      ...this.ref(),
      ...action,
      step: instance,
      visit: 1,
      attempt: 1,
      slot: null,
      givenUp: false,
      scope,
      record: this.takeRecord(null),
    })
    const { result, at } = performed
    if (result.kind !== 'done')
      throw ApplicationFailure.nonRetryable(`The step did not land: ${JSON.stringify(result)}`)
    this.at.delete(instance)
    this.inputs.push({ kind: 'outcome', at, step: instance, visit: 1, outcome: result })
    this.shown = false
  }

  /** Says that it waits, sleeps, and sees the world afresh. */
  async wait(step: string, ms: number): Promise<void> {
    this.at.add(step)
    this.shown = false
    const record = this.takeRecord(Date.now() + ms)
    if (record !== null) await local.rest({ ...this.ref(), record })
    await sleep(ms)
    const { subject } = this.start
    const order = { ...this.ref(), subject, reads: this.steps.reads, step, position: this.written, epoch: Date.now() }
    this.facts = await local.wake(order)
    this.written += 1
    this.at.delete(step)
    this.shown = false
  }

  async conclude(): Promise<void> {
    const summary = { status: 'completed', reason: null, waitingUntil: null, at: [], heldBy: [] } as const
    const record = { ...this.part(), summary: { ...summary, at: [], heldBy: [] } }
    await local.conclude({ ...this.ref(), record })
  }

  private takeRecord(waitingUntil: Instant | null): RecordPart | null {
    if (this.shown) return null
    this.shown = true
    const status = waitingUntil === null ? 'running' : 'waiting'
    return { ...this.part(), summary: { status, reason: null, waitingUntil, at: [...this.at], heldBy: [] } }
  }

  private part(): Omit<RecordPart, 'summary'> {
    const from = this.written
    this.written += this.inputs.length
    return { from, inputs: this.inputs.splice(0), epoch: Date.now() }
  }

  private ref() {
    return { workspaceId: this.start.workspaceId, runId: this.start.runId }
  }
}

/** A number among the properties of a contact or account. */
export function numberOf(subject: SubjectFacts | null, property: string): number {
  const value = subject?.properties[property]
  return typeof value === 'number' ? value : Number.NaN
}
