import type { Plan } from '../model/plan.ts'
import type { RunCommand, RunInput, RunState } from '../model/run.ts'
import type { InputWithFacts, Ports, RecordPart, RunRef } from '../ports.ts'
import { advance } from '../run/advance.ts'
import { type AwaitedEvent, canListen, listeningOf } from '../run/listens.ts'
import { milestoneDueOf } from '../run/milestones.ts'
import { outstanding } from '../run/outstanding.ts'
import { indexPlan, stepAt } from '../run/plan-index.ts'
import { follow, type Followed, migrationOf, type UnderPlan } from '../run/follow.ts'
import { summaryOf } from '../run/summary.ts'
import { actOrderOf } from '../run/act-order.ts'
import { RUN } from '../run/end-run.ts'
import { type Arrival, type ProceedOrder, type Progress, stepKey } from './messages.ts'
import type { Perform } from './perform.ts'

/**
 * How long new actions are begun. A run that has more to do answers and is asked again, so that a person's command and
 * a timer are not kept waiting by a long chain of actions.
 */
const BEGIN_WITHIN_MS = 2_000
/** Parallel steps that act at once; the others follow. */
const AT_ONCE = 20

type PlanOf = (hash: string) => Promise<Plan>

const refuseOtherPlans: PlanOf = (hash) => Promise.reject(new Error(`The plan ${hash} is not at hand.`))

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
  private readonly planOf: PlanOf
  /** Plans at hand, by hash: those that inputs lead to. */
  private readonly plans = new Map<string, Plan>()
  /** What the run goes by now: it may go over to another version on its way. */
  private under: UnderPlan
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
  private wentOver = false
  private beginUntil = 0
  private state: RunState | null
  /** Whether the record and what the lists show are as the state is. */
  private recorded: boolean
  private latest: number

  constructor(outside: { ports: Ports; perform: Perform; planOf?: PlanOf }, plan: Plan, order: ProceedOrder) {
    this.ports = outside.ports
    this.perform = outside.perform
    this.planOf = outside.planOf ?? refuseOtherPlans
    this.under = { hash: order.planHash, plan }
    this.order = order
    this.inbox = [...order.arrivals]
    this.busy = new Set(order.away)
    this.state = order.state
    // The stint that answered with this state wrote it down before it did.
    this.recorded = order.state !== null
    // A worker's clock may be behind that of the server, whose timers have rung.
    this.latest = Math.max(order.notBefore, order.epoch)
  }

  async run(): Promise<Progress> {
    try {
      if (this.state === null) await this.open()
      else await this.applyRecorded(await this.ports.runs.since(this.ref(), this.order.position))
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
    await this.applyRecorded(inputs)
  }

  /** What an earlier stint recorded; the plans that it leads to are fetched first. */
  private async applyRecorded(inputs: RunInput[]): Promise<void> {
    for (const input of inputs) {
      const to = migrationOf(input)?.to.plan
      if (to !== undefined) await this.fetchPlan(to)
      this.apply(input)
    }
  }

  private async fetchPlan(hash: string): Promise<Plan> {
    const plan = this.plans.get(hash) ?? (await this.planOf(hash))
    this.plans.set(hash, plan)
    return plan
  }

  private async applyArrivals(): Promise<void> {
    for (let arrival = this.inbox.shift(); arrival !== undefined; arrival = this.inbox.shift()) {
      if (arrival.kind === 'wake') await this.wake(arrival)
      else if (arrival.kind === 'touched') await this.hearOrLook()
      else if (arrival.kind !== 'operator' || !this.current().handled.includes(arrival.id)) {
        const input = { ...arrival, at: Math.max(arrival.at, this.latest) }
        // An answer ends a wait, and what follows sees the world as it is then.
        if (input.kind === 'operator' && input.command.kind === 'answer') await this.take(input)
        else if (input.kind === 'operator' && migrationOf(input) !== null) await this.goOver(input)
        else {
          this.apply(input)
          this.unrecorded.push(input)
        }
      }
    }
  }

  /** Another version's plan from here on, or the word why not; on fresh facts, because that plan may read others. */
  private async goOver(arrived: RunInput & { kind: 'operator' }): Promise<void> {
    const migration = migrationOf(arrived)
    if (migration === null) return
    await this.record()
    const to = await this.fetchPlan(migration.to.plan)
    let input: typeof arrived = { ...arrived, facts: await this.factsFor(to, arrived.at) }
    for (;;) {
      const next = this.follow(input)
      const said = await this.ports.runs.goOver(this.ref(), {
        position: this.position(),
        input,
        epoch: this.order.epoch,
        summary: this.summary(next),
        migration: migration.migration,
        back: migration.kind === 'unmigrate',
        plan: next.under.hash,
        version: next.state.under?.version ?? null,
        refused: next.refused,
      })
      if (said.ours) break
      input = said.input
    }
    this.apply(input)
    this.recorded = true
  }

  private follow(input: RunInput): Followed {
    const planOf = (hash: string): Plan => {
      const plan = this.plans.get(hash)
      if (plan === undefined) throw new Error(`The plan ${hash} is not at hand.`)
      return plan
    }
    return follow({ under: this.under, planOf }, this.state, input)
  }

  /** A sleep is over. A delay's end loads fresh facts, which are recorded before anything is done on them. */
  private async wake({ step, visit, until }: Arrival & { kind: 'wake' }): Promise<void> {
    // Its timer was set by the clock of the worker that had the run then; this one's may be behind.
    this.latest = Math.max(this.latest, until)
    const asleep = this.current().steps[step]
    if (asleep?.status === 'paced' && asleep.until !== undefined) this.slots.set(step, asleep.until)
    // What came in time counts, however late somebody looks.
    if (asleep?.status === 'waiting' && (await this.hear((awaited) => awaited.step === step))) return
    if (asleep?.status === 'waiting' && (await this.hearAnswer(step, visit))) return
    const due: RunInput & { kind: 'due' } = { kind: 'due', at: this.now(), step, visit, facts: null }
    if (step === RUN || asleep?.status === 'waiting') return this.take(due)
    this.apply(due)
    this.unrecorded.push(due)
  }

  /** An input with fresh facts is recorded before anything is done on them. */
  private async take(input: InputWithFacts): Promise<void> {
    if (!readsFacts(this.plan)) {
      this.apply(input)
      this.unrecorded.push(input)
      return
    }
    await this.record()
    const fresh = { ...input, facts: input.kind === 'look' ? input.facts : await this.facts(input.at) }
    const taken = { position: this.position(), input: fresh, epoch: this.order.epoch }
    this.apply(await this.ports.runs.take(this.ref(), taken))
  }

  /**
   * Says what the run waits for, then reads back: what happens in between is seen by one side or the other.
   * @returns whether something has happened
   */
  private async catchUp(): Promise<boolean> {
    if (!canListen(this.plan)) return false
    const listening = listeningOf(this.plan, this.current())
    await this.ports.waits.listen(this.ref(), this.order.subject, listening)
    return listening !== null && (await this.hearOrLook())
  }

  /**
   * A run that was told looks first: mostly it has been woken, and listens no more. Where nothing came it says anew what
   * it waits for before it rests, and looks again.
   * @returns whether something has happened
   */
  private async hearOrLook(): Promise<boolean> {
    if (await this.hear(() => true)) return true
    const { topics = [] } = listeningOf(this.plan, this.current()) ?? {}
    return topics.length > 0 && (await this.look())
  }

  /** @returns whether something came that one of these steps waits for; the first that came is taken */
  private async hear(asked: (awaited: AwaitedEvent) => boolean): Promise<boolean> {
    const awaited = (listeningOf(this.plan, this.current())?.awaited ?? []).filter(asked)
    if (awaited.length === 0) return false
    const at = this.now()
    const heard = await this.ports.waits.first(this.ref(), this.order.subject, { awaited, at })
    if (heard === null) return false
    const { step, visit } = heard.awaited
    await this.take({ kind: 'event', at, step, visit, event: heard.event, facts: null })
    return true
  }

  /** An answer that was given in time and is still on its way. @returns whether it ended the wait */
  private async hearAnswer(step: string, visit: number): Promise<boolean> {
    const planned = stepAt(indexPlan(this.plan), step)
    if (planned?.op !== 'act' || planned.answer === undefined) return false
    const deadline = this.current().steps[step]?.deadline ?? null
    const given = await this.ports.runs.answerTo(this.ref(), { step, visit })
    if (given === null || (deadline !== null && given.at > deadline)) return false
    const { id, command } = given
    await this.take({ kind: 'operator', at: this.now(), id, command })
    return this.current().steps[step]?.status !== 'waiting'
  }

  /** @returns whether fresh facts change anything; where they do not, nothing is recorded */
  private async look(): Promise<boolean> {
    const at = this.now()
    const input: RunInput & { kind: 'look' } = { kind: 'look', at, facts: await this.facts(at) }
    const { commands, notes } = advance(this.plan, this.current(), input)
    if (commands.length === 0 && notes.length === 0) return false
    await this.take(input)
    return true
  }

  private apply(input: RunInput): void {
    const { state, under } = this.follow(input)
    this.state = state
    if (under !== this.under) this.wentOver = true
    this.under = under
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
    // Written first, then read: a reconnect between the two is seen by one side or the other.
    if (heldBy.length > 0)
      for (const connection of await this.ports.runs.connectionsOpen(this.order.workspaceId, heldBy))
        this.inbox.push({ kind: 'resume', at: this.now(), connection })
    return !(await this.catchUp()) && this.inbox.length === 0
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
    const over = this.over()
    const state = this.current()
    const at = this.now()
    if (!this.wentOver || state.under === undefined)
      return { inputs: this.applied, elsewhere: this.elsewhere, over, at }
    // What was too slow here is asked for again in the fresh history.
    return { inputs: [], elsewhere: [], over, at, moved: { ...state.under, state, position: this.position() } }
  }

  private over(): boolean {
    return outstanding(this.current()).some(({ kind }) => kind === 'finish')
  }

  private summary(
    { under, state }: { under: UnderPlan; state: RunState } = { under: this.under, state: this.current() },
  ) {
    const index = indexPlan(under.plan)
    const summary = summaryOf(state, (id) => {
      const step = stepAt(index, id)
      return step?.op === 'act' ? step.connection : null
    })
    return { ...summary, milestoneDue: milestoneDueOf(under.plan, state) }
  }

  private facts(at: number) {
    return this.factsFor(this.plan, at)
  }

  private factsFor({ reads }: Plan, at: number) {
    const { workspaceId, subject } = this.order
    return this.ports.facts.load(workspaceId, subject, { reads, at })
  }

  private now(): number {
    return Math.max(this.ports.clock(), this.latest)
  }

  private position(): number {
    return this.order.position + this.applied.length
  }

  private get plan(): Plan {
    return this.under.plan
  }

  private current(): RunState {
    if (this.state === null) throw new Error('The run has no state yet.')
    return this.state
  }

  private ref(): RunRef {
    return { workspaceId: this.order.workspaceId, runId: this.order.runId }
  }
}

function readsFacts({ reads }: Plan): boolean {
  const { properties, segments, signals, scores = [], events, changes = {}, related } = reads
  const lists = [properties, segments, signals, scores, Object.keys(events), Object.keys(changes)]
  return related !== undefined || lists.some((list) => list.length > 0)
}
