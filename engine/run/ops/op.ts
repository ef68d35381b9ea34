import type { PlanStep } from '../../model/plan.ts'
import type { HeardEvent } from '../../model/run.ts'
import type { Draft } from '../draft.ts'

export type StepOf<K extends PlanStep['op']> = PlanStep & { op: K }

/** What a kind of step does. One file a kind; `ops.ts` lists them. */
export interface Op<K extends PlanStep['op']> {
  /** Its turn has come. @param id the instance */
  begin(draft: Draft, step: StepOf<K>, id: string): void
  /** Its sleep is over; left out: it goes on by its only port. */
  due?(draft: Draft, step: StepOf<K>, id: string): void
  /** What it waits for has happened. */
  heard?(draft: Draft, step: StepOf<K>, given: { id: string; event: HeardEvent }): void
  /** It waits, and facts may have changed. */
  look?(draft: Draft, step: StepOf<K>, id: string): void
  /** What is under way for one of its items is over, or nothing of it was begun. @returns whether that changed anything */
  items?(draft: Draft, step: StepOf<K>, id: string): boolean
}
