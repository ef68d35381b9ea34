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
  /** Where it is drawn. */
  at?: [x: number, y: number]
  note?: string
}

export type Reentry = { policy: 'once' } | { policy: 'once_per'; days: number } | { policy: 'every' }

export interface Enrollment {
  reentry: Reentry
  /** Rules that end a run early. Checked at every wake (deepened later). */
  exit: Array<{ name: string; if: Rule }>
  goal: { name: string; if: Rule } | null
}

/** Splits `big.over-100` into step and port; the port is null where only a step is named. */
export function parseEdgeEnd(text: string): { step: string; port: string | null } {
  const dot = text.indexOf('.')
  return dot < 0 ? { step: text, port: null } : { step: text.slice(0, dot), port: text.slice(dot + 1) }
}
