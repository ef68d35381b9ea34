import type { Json } from '../../nodes/manifest.ts'
import type { OpenWindow, Weekday } from './business-hours.ts'
import type { Enrollment, SubjectKind } from './playbook.ts'
import type { EventFilter, Reads, Rule } from './rule.ts'

/** What a version compiles to: frozen, validated, content-addressed by `planHash`. Plain JSON, read by the workflow. */
export interface Plan {
  kind: 'plan'
  format: 1
  subject: SubjectKind
  enrollment: Enrollment
  /** In topological order: every edge goes from an earlier to a later step. */
  steps: PlanStep[]
  reads: Reads
  /** Exit rules and the goal are looked at while the run waits, not at its wakes alone. Plans made before have it not. */
  watches?: true
}

interface PlanStepBase {
  id: string
  /** With version, e.g. `flow.branch@1`. */
  type: string
  label: string
  /** Incoming edges. A step with several waits until each is decided, and runs when at least one was taken. */
  in: Array<{ step: string; port: string }>
  /** Port → the steps its edges lead to. Every port of the step has an entry, possibly empty. */
  out: { [port: string]: string[] }
  /** The `each` step for whose items it runs, once an item; its edges stay within. Left out: it runs once a run. */
  within?: string
  /**
   * What follows when it fails. Left out: its paths end here, others go on, and the run has failed when they are over.
   * `branch`: the port `error`, behind which `steps.<id>.fault` tells why.
   */
  onFailure?: 'continue' | 'branch'
}

/** The port of a failure that the author deals with. */
export const ERROR_PORT = 'error'
/** The port of an `each` step that leads to the steps for one item. */
export const ITEM_PORT = 'item'
/** The port of a step that asks, taken as soon as it has asked: it leads to the steps that bring word of it to somebody. */
export const ASKED_PORT = 'asked'
/** The port of a wait that was given up. */
export const TIMEOUT_PORT = 'timeout'

export type PlanStep =
  | (PlanStepBase & { op: 'trigger'; input: { [field: string]: Json } })
  | (PlanStepBase & { op: 'branch'; cases: Array<{ port: string; if: Rule }> })
  | (PlanStepBase & { op: 'delay'; delay: Delay })
  | (PlanStepBase & {
      op: 'join'
      wait: 'all' | 'any'
      /** For `any`: unfinished steps that lead only here, cancelled when the first branch arrives. */
      losers: string[]
    })
  | (PlanStepBase & {
      op: 'exit'
      reason: string
      /** What the run leaves to the one that called it: name → path. */
      outputs?: { [name: string]: string }
    })
  /** Nothing leads to it: it is left by `reached` when the goal is, else by `missed` when all else is over. */
  | (PlanStepBase & { op: 'goal' })
  | (PlanStepBase & {
      op: 'milestone'
      name: string
      /** From the start of the run. */
      withinMs: number
      keeps: boolean
    })
  | (PlanStepBase & {
      op: 'split'
      /** Together with the subject's id it says which arm: the same key, the same arm, in every run and version. */
      key: string
      /** Percent of all subjects; together 100. */
      arms: Array<{ port: string; percent: number }>
    })
  | (PlanStepBase & { op: 'waitRule'; rule: Rule; maxWaitMs: number | null })
  | (PlanStepBase & {
      op: 'waitEvent'
      event: string
      where: EventFilter[]
      /** Properties that must equal what stands at a path when the wait begins: “order 17 shipped” is not “order 18 shipped”. */
      keys: Array<{ property: string; path: string }>
      /** Which events count: those after the one that started the run, or those after the wait began. */
      since: 'trigger' | 'entry'
      maxWaitMs: number | null
      keeps: boolean
    })
  | (PlanStepBase & {
      op: 'each'
      /** Path of the list. */
      list: string
      /** Items worked at the same time. */
      atOnce: number
      /** Whether the items after a failed one are worked. */
      onItemFailure: 'stop' | 'continue'
      keeps: boolean
    })
  | (PlanStepBase & {
      op: 'act'
      /** Slug of the connection, or null where the action needs none. */
      connection: string | null
      /** May hold {{ templates }}; rendered in the activity. */
      input: { [field: string]: Json }
      /** Whether a later step reads this step's output: only then does it stay in the state. */
      keeps: boolean
      /** Step ids whose outputs the input's templates read. */
      readsSteps: string[]
      /** How often and how long failed attempts are repeated; left out: as for any fault. */
      retry?: RetryPolicy
      /** The variable (`vars.<name>`) that its output's `value` becomes. */
      sets?: string
      /**
       * Its action asks somebody: the step then waits, and is left by the port of the answer, or at its deadline by
       * `timeout`. Left out: it is over when its action is.
       */
      answer?: { ports: string[]; maxWaitMs: number | null }
    })

/**
 * The author's limits on repeats. They narrow what the table of faults allows and never widen it: what a person must
 * mend is not repeated, and a write that may have landed only in its action's own way.
 */
export interface RetryPolicy {
  /** Attempts that may fail, the first included; 1: no repeat. Being turned away for a limit is none. */
  attempts: number
  /** From the beginning of the step's attempts; later none is begun. Null: no end but that of `attempts`. */
  withinMs: number | null
  /** Left out: 1 s, doubled, up to 5 minutes. */
  backoff?: { initialMs: number; coefficient: number; maximumMs: number }
}

export type Delay =
  | { mode: 'for'; ms: number }
  | {
      mode: 'untilDate'
      property: string
      offsetMs: number
      missing: 'skip' | 'fail'
      /** From the moment the step began; then the run goes on though the date has not come. */
      maxWaitMs?: number
      /** Whose clocks the date is read by. Left out: a date alone is midnight UTC. */
      zone?: ZoneSource
      /** `HH:MM`, with `zone`: the date and its offset say the day, this when on it. */
      time?: string
    }
  /** The next time that clocks show it, on one of the days where they are named. */
  | { mode: 'untilTime'; time: string; days?: Weekday[]; zone: ZoneSource }
  /** Goes on at once while a window is open. */
  | { mode: 'hours'; windows: OpenWindow[]; pauses: string[]; zone: ZoneSource }

/**
 * An IANA name, or what a property holds when the step begins; `else` where that is none. Null: the workspace's, as the
 * facts have it, so that the plan reads `WORKSPACE_ZONE`.
 */
export type ZoneSource = { name: string | null } | { property: string; else: string | null }

/** What starts a run: which trigger step, and what later steps read under `trigger.` */
export interface TriggerData {
  step: string
  data: { [name: string]: Json }
}
