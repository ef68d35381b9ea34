import type { Json } from '../../nodes/manifest.ts'
import type { Facts } from '../model/rule.ts'

/** What a rule may read. Plain facts will do; a run adds what its trigger brought and what its steps left. */
export interface RuleScope extends Facts {
  trigger?: { [name: string]: Json }
  /** Output of a finished step, or undefined. */
  stepOutput?: (step: string) => Json | undefined
  vars?: { [name: string]: Json }
  /** The item of the list that is worked at this place. */
  item?: Json
  /**
   * Of how many related subjects the trace shows the values. Left out: of none, for a trace that is kept with one
   * subject must not hold what was deleted of another.
   */
  showRelated?: number
}
