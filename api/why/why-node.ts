import type { SubjectView } from '../audiences/audience-schemas.ts'
import type { Json } from '../../nodes/manifest.ts'

/** Who wrote a value, or what made an edge, with what it can be looked up by. */
export interface SourceView {
  kind: 'event' | 'import' | 'bulk' | 'computed' | 'merge' | 'time' | 'backfill' | 'other' | 'unknown'
  /** For people: `by an identify call`, `time alone`. */
  words: string
  /** Of an event its place in the event debugger. */
  eventSeq?: string
  messageId?: string
  importId?: string
  mergeId?: string
  /** Of a computed property its slug. */
  computed?: string
}

export interface EventView {
  seq: string
  messageId: string
  at: string
}

/** Events that a part looked at. */
export interface WindowView {
  /** First and last instant of the window; null: ever. */
  from: string | null
  until: string
  count: number
  /** The newest few, the newest first. */
  newest: EventView[]
}

/** One part of an answer: what it asked, what it found, where that came from. */
export interface WhyNode {
  /** Kind of the rule; `part`, `measure` and `stage` belong to scores. */
  kind: string
  /** In short, as a trace has it. */
  rule: string
  /** As a sentence. */
  words: string
  value: boolean
  /** What was found, as a sentence; null where the parts below say it. */
  found: string | null
  actual?: Json
  missing?: boolean
  note?: string
  /** Since when that is so, as it was known here; null: not known, or nothing was there. */
  since: string | null
  source: SourceView | null
  window: WindowView | null
  /** Until when this part stands with no new data; null: for good. */
  validUntil: string | null
  /** What would turn this part, as sentences; of groups none: their parts have their own. */
  flips: string[]
  /** The value may not be seen by who asks. */
  hidden?: boolean
  /** Of a part about related subjects, of whom it speaks. */
  subject?: SubjectView
  children?: WhyNode[]
}
