import type { Plan } from '../model/plan.ts'
import type { RunCommand, RunInput, RunState } from '../model/run.ts'
import type { Ports, RecordPart, RunRef } from '../ports.ts'
import { advance } from '../run/advance.ts'
import { outstanding } from '../run/outstanding.ts'
import { indexPlan, stepAt } from '../run/plan-index.ts'
import { summaryOf } from '../run/summary.ts'
import { actOrderOf } from '../run/act-order.ts'
import { type Arrival, type ProceedOrder, type Progress, stepKey } from './messages.ts'
import type { Perform } from './perform.ts'

/**
 * How long new actions are begun. A run that has more to do answers and is asked again, so that a person's command and
 * a timer are not kept waiting by a long chain of actions.
 */
const BEGIN_WITHIN_MS = 2_000
/** Parallel steps that act at once; the others follow. */
const AT_ONCE = 20

type ActCommand = RunCommand & { kind: 'act' }

/**
 * A stint of one run: what `advance` says is carried out here, in the worker, and only the inputs go back to the
 * workflow, which applies them again to know what it waits for. So a run of ten quick actions costs one marker and one
 * turn of the workflow, and everything between two waits is written in transactions that happen anyway.
 *
 * It may run twice: it goes on from what a lost one recorded, because writes may have been made on it, and a write
 * that landed answers from the effects ledger. Where two workers have it at once, the later workflow task's record stands.
 */
export class Stint {
  private readonly ports: Ports
  private readonly perform: Perform
  private readonly plan: Plan
  private readonly order: ProceedOrder
  private readonly inbox: Arrival[]
  private readonly applied: RunInput[] = []
  private unrecorded: RunInput[] = []
  private readonly acting = new Set<Promise<void>>()
  /** Actions under way, here (`stepKey`) or on the shared queue. */
  private readonly busy: Set<string>
  private readonly elsewhere: Progress['elsewhere'] = []
  /** Places in the lines of budgets, of steps that were woken for their turn. */
  private readonly slots = new Map<string, number>()
  private beginUntil = 0
  private state: RunState | null
  /** Whether the record and what the lists show are as the state is. */
  private recorded = false
  private latest: number

  constructor(outside: { ports: Ports; perform: Perform }, plan: Plan, order: ProceedOrder) {
    this.ports = outside.ports
    this.perform = outside.perform
    this.plan = plan
    this.order = order
    this.inbox = [...order.arrivals]
    this.busy = new Set(order.away)
    this.state = order.state
    this.latest = order.notBefore
  }

  async run(): Promise<Progress> {
    try {
      if (this.state === null) await this.open()
      else for (const input of await this.ports.runs.since(this.ref(), this.order.position)) this.apply(input)
      this.beginUntil = this.ports.clock() + BEGIN_WITHIN_MS
      for (;;) {
        await this.applyArrivals()
        this.beginActions()
        if (this.acting.size > 0) await Promise.race(this.acting)
        else if (await this.rest()) return this.progress()
      }
    } finally {
      // A failed stint is repeated: not while one of its writes is still on its way.
      await Promise.allSettled(this.acting)
    }
  }

  /** Loads the facts and opens the record; a run that was restarted goes on from what it already did. */
  private async open(): Promise<void> {
    const { trigger, epoch } = this.order
    const at = this.now()
    const facts = await this.facts(at)
    const inputs = await this.ports.runs.open(this.ref(), { kind: 'start', at, trigger, facts }, epoch)
    for (const input of inputs) this.apply(input)
  }

  private async applyArrivals(): Promise<void> {
    for (let arrival = this.inbox.shift(); arrival !== undefined; arrival = this.inbox.shift()) {
      if (arrival.kind === 'wake') await this.wake(arrival)
      else if (arrival.kind !== 'operator' || !this.current().handled.includes(arrival.id)) {
        const input = { ...arrival, at: Math.max(arrival.at, this.latest) }
        this.apply(input)
        this.unrecorded.push(input)
      }
    }
  }

  /** A sleep is over. A delay's end loads fresh facts, which are recorded before anything is done on them. */
  private async wake({ step, visit }: Arrival & { kind: 'wake' }): Promise<void> {
    const asleep = this.current().steps[step]
    if (asleep?.status === 'paced' && asleep.until !== undefined) this.slots.set(step, asleep.until)
    const due: RunInput & { kind: 'due' } = { kind: 'due', at: this.now(), step, visit, facts: null }
    if (asleep?.status !== 'waiting' || !readsFacts(this.plan)) {
      this.apply(due)
      this.unrecorded.push(due)
      return
    }
    await this.record()
    const facts = await this.facts(due.at)
    const position = this.position()
    this.apply(await this.ports.runs.wake(this.ref(), { position, due: { ...due, facts }, epoch: this.order.epoch }))
  }

  private apply(input: RunInput): void {
    this.state = advance(this.plan, this.state, input).state
    this.applied.push(input)
    this.recorded = false
    this.latest = Math.max(this.latest, input.at)
    if (input.kind === 'outcome') this.busy.delete(stepKey(input))
  }

  private beginActions(): void {
    if (this.ports.clock() > this.beginUntil) return
    for (const command of outstanding(this.current())) {
      if (command.kind !== 'act' || this.busy.has(stepKey(command))) continue
      if (this.acting.size >= AT_ONCE) return
      this.busy.add(stepKey(command))
      const action = this.act(command).finally(() => this.acting.delete(action))
      this.acting.add(action)
    }
  }

  private async act(command: ActCommand): Promise<void> {
    const { step, visit } = command
    const slot = this.slots.get(step) ?? null
    this.slots.delete(step)
    const order = { ...actOrderOf(this.ref(), { plan: this.plan, state: this.current() }, command), slot }
    const result = await this.perform(order, () => this.takeRecord())
    if (result.kind === 'elsewhere') this.elsewhere.push({ step, visit, connectionId: result.connectionId, slot })
    else this.inbox.push({ kind: 'outcome', at: this.ports.clock(), step, visit, outcome: result })
  }

  /** Makes the record complete. @returns whether nothing is left to do but to wait, or nothing at all */
  private async rest(): Promise<boolean> {
    if (this.over()) {
      await this.ports.runs.conclude(this.ref(), this.takePart(), this.now())
      return true
    }
    await this.record()
    const { heldBy } = this.summary()
    if (heldBy.length === 0) return true
    // Written first, then read: a reconnect between the two is seen by one side or the other.
    for (const connection of await this.ports.runs.connectionsOpen(this.order.workspaceId, heldBy))
      this.inbox.push({ kind: 'resume', at: this.now(), connection })
    return this.inbox.length === 0
  }

  private async record(): Promise<void> {
    const part = this.takeRecord()
    if (part !== null) await this.ports.runs.append(this.ref(), part)
  }

  /** What is not written yet: what led to an intent is written with it. */
  private takeRecord(): RecordPart | null {
    return this.recorded ? null : this.takePart()
  }

  private takePart(): RecordPart {
    const inputs = this.unrecorded
    this.unrecorded = []
    this.recorded = true
    return { from: this.position() - inputs.length, inputs, epoch: this.order.epoch, summary: this.summary() }
  }

  private progress(): Progress {
    return { inputs: this.applied, elsewhere: this.elsewhere, over: this.over() }
  }

  private over(): boolean {
    return outstanding(this.current()).some(({ kind }) => kind === 'finish')
  }

  private summary() {
    const index = indexPlan(this.plan)
    return summaryOf(this.current(), (id) => {
      const step = stepAt(index, id)
      return step?.op === 'act' ? step.connection : null
    })
  }

  private facts(at: number) {
    const { workspaceId, subject } = this.order
    return this.ports.facts.load(workspaceId, subject, { reads: this.plan.reads, at })
  }

  private now(): number {
    return Math.max(this.ports.clock(), this.latest)
  }

  private position(): number {
    return this.order.position + this.applied.length
  }

  private current(): RunState {
    if (this.state === null) throw new Error('The run has no state yet.')
    return this.state
  }

  private ref(): RunRef {
    return { workspaceId: this.order.workspaceId, runId: this.order.runId }
  }
}

const readsFacts = ({ reads }: Plan): boolean =>
  reads.properties.length + reads.segments.length + reads.signals.length + Object.keys(reads.events).length > 0
