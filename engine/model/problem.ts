/** One thing that keeps a document from being published, with its place and its remedy. */
export interface Problem {
  code: ProblemCode
  severity: 'error' | 'warning'
  /** JSON-pointer-like, e.g. `steps.tag.input.contact` (steps by id), `edges.3`, `enrollment.reentry.days`. */
  path: string
  /** The step it belongs to, so that a canvas can mark it. */
  step: string | null
  /** The input field it belongs to, so that a form can jump to it. */
  field: string | null
  message: string
  /** What to do about it. */
  fix: string
}

export type ProblemCode =
  | 'DOCUMENT_INVALID'
  | 'STEP_ID_INVALID'
  | 'STEP_ID_DUPLICATE'
  | 'STEP_TYPE_UNKNOWN'
  | 'STEP_VERSION_UNKNOWN'
  | 'INPUT_MISSING'
  | 'INPUT_INVALID'
  | 'INPUT_UNKNOWN'
  | 'RULE_INVALID'
  | 'TEMPLATE_INVALID'
  | 'TEMPLATE_PATH_UNKNOWN'
  | 'TEMPLATE_TYPE_MISMATCH'
  | 'TRIGGER_MISSING'
  | 'TRIGGER_HAS_INCOMING'
  | 'TRIGGER_SUBJECT_MISMATCH'
  | 'TRIGGER_SHAPES_DIFFER'
  | 'EDGE_INVALID'
  | 'EDGE_PORT_UNKNOWN'
  | 'EDGE_DUPLICATE'
  | 'STEP_UNREACHABLE'
  | 'CYCLE'
  | 'PORT_DUPLICATE'
  | 'PORT_UNCONNECTED'
  | 'JOIN_NEEDS_BRANCHES'
  | 'CONNECTION_MISSING'
  | 'CONNECTION_UNKNOWN'
  | 'SIGNAL_UNKNOWN'
  | 'SEGMENT_UNKNOWN'
  | 'SCORE_UNKNOWN'
  | 'PLAYBOOK_TOO_LARGE'
