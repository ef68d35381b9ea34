import type { Json } from '../../nodes/manifest.ts'
import type { Enrollment, SubjectKind } from './playbook.ts'
import type { Reads, Rule } from './rule.ts'

/** What a version compiles to: frozen, validated, content-addressed by `planHash`. Plain JSON, read by the workflow. */
export interface Plan {
  kind: 'plan'
  format: 1
  subject: SubjectKind
  enrollment: Enrollment
  /** In topological order: every edge goes from an earlier to a later step. */
  steps: PlanStep[]
  reads: Reads
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
}

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
  | (PlanStepBase & { op: 'exit'; reason: string })
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
    })

export type Delay =
  | { mode: 'for'; ms: number }
  | {
      mode: 'untilDate'
      property: string
      offsetMs: number
      missing: 'skip' | 'fail'
      /** From the moment the step began; then the run goes on though the date has not come. */
      maxWaitMs?: number
    }

/** What starts a run: which trigger step, and what later steps read under `trigger.` */
export interface TriggerData {
  step: string
  data: { [name: string]: Json }
}
