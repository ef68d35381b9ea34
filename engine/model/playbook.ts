import type { Json } from '../../nodes/manifest.ts'
import type { Rule } from './rule.ts'

/** The document a person edits. Lossless: the canvas and this text are the same thing. Schema: `playbook-schema.ts`. */
export interface PlaybookDocument {
  name: string
  description?: string
  subject: SubjectKind
  enrollment: Enrollment
  steps: DocumentStep[]
  /** `["big.over-100", "tag"]`: from a port (or a step's only port) to a step. */
  edges: Array<[from: string, to: string]>
}

export type SubjectKind = 'contact' | 'account'

export interface DocumentStep {
  /** Unique in the document; letters, digits, `_`, `-`; stable over edits: runs and tests refer to it. */
  id: string
  /** `intercom.tagContact@1`; without a version the newest, pinned at publish. */
  type: string
  /** What people call it; default: the definition's summary. */
  label?: string
  /** Slug of a connection. */
  connection?: string
  input: { [field: string]: Json }
  /**
   * Actions: what follows when it fails for good. `stop` (the default): its paths end, and the run has failed. `continue`:
   * what comes next. `branch`: the port `error`. Of the latter two, later steps may read `steps.<id>.fault`.
   */
  onFailure?: 'stop' | 'continue' | 'branch'
  /** Actions: limits on how often and how long failed attempts are repeated. Left out: as for any fault. */
  retry?: StepRetry
  /** Where it is drawn. */
  at?: [x: number, y: number]
  note?: string
}

/** They narrow what is repeated anyway: what a person must mend is not repeated. Durations are ISO-8601. */
export interface StepRetry {
  /** That may fail, the first included; 1: no repeat. */
  attempts: number
  /** From the beginning of the first; later none is begun. Left out: no end but that of `attempts`. */
  within?: string
  /** Left out: 1 s, doubled, up to 5 minutes. */
  backoff?: { initial: string; coefficient: number; maximum: string }
}

/** More attempts than these take longer than anybody waits. */
export const MOST_ATTEMPTS = 100

export type Reentry = ({ policy: 'once' } | { policy: 'once_per'; days: number } | { policy: 'every' }) & {
  /** A path such as `trigger.properties.orderId`: who may enter is asked for each of its values, so that two orders are two runs. */
  key?: string
}

/** What becomes of one that may enter while a run of its subject (and key) is open. All but the first let one run at a time. */
export type Concurrency =
  | { policy: 'together' }
  /** It waits for its turn; no more than so many do. */
  | { policy: 'queue'; most: number }
  /** The open run exits, and then it begins. */
  | { policy: 'replace' }
  /** It waits, in the place of any that waited before. */
  | { policy: 'newest' }

export interface Enrollment {
  reentry: Reentry
  /** Left out: together where the policy is `every`, else nobody enters while a run is open. */
  concurrency?: Concurrency
  /** Whether those who are in the segment, or for whom the signal is set, when it is published enter too. Left out: they do not. */
  existing?: { policy: 'leave' } | { policy: 'admit'; perMinute: number }
  /** Whether the workspace's holdout group stays out of it. Left out: it does. */
  holdout?: 'respect' | 'ignore'
  /** Rules that end a run early. Checked at every wake (deepened later). */
  exit: Array<{ name: string; if: Rule }>
  goal: { name: string; if: Rule } | null
}

/** Splits `big.over-100` into step and port; the port is null where only a step is named. */
export function parseEdgeEnd(text: string): { step: string; port: string | null } {
  const dot = text.indexOf('.')
  return dot < 0 ? { step: text, port: null } : { step: text.slice(0, dot), port: text.slice(dot + 1) }
}
