import type { DocumentStep, PlaybookDocument } from '../../../engine/model/playbook.ts'

/** One difference between what runs and the draft, in words a person publishes by. */
export interface Change {
  kind: 'added' | 'removed' | 'changed'
  what: string
}

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
/** What a step does; where it is drawn is no change anyone publishes. */
const meaning = ({ at: _at, ...step }: DocumentStep) => sorted(step)
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, part]): [string, unknown] => [key, sorted(part)])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}
const nameOf = (step: DocumentStep): string => step.label ?? step.id

/** Whether two documents say the same, places included; the database does not keep the order of names. */
export const sameDocument = (a: PlaybookDocument, b: PlaybookDocument): boolean => same(sorted(a), sorted(b))

/** What publishing the draft would change; `null` for a playbook that never ran. */
export function changesBetween(live: PlaybookDocument | null, draft: PlaybookDocument): Change[] {
  if (live === null) return draft.steps.map((step) => ({ kind: 'added', what: `Step “${nameOf(step)}”` }))
  const changes: Change[] = []
  const before = new Map(live.steps.map((step) => [step.id, step]))
  const after = new Set(draft.steps.map((step) => step.id))
  for (const step of draft.steps) {
    const old = before.get(step.id)
    if (old === undefined) changes.push({ kind: 'added', what: `Step “${nameOf(step)}”` })
    else if (!same(meaning(old), meaning(step))) changes.push({ kind: 'changed', what: `Step “${nameOf(step)}”` })
  }
  for (const step of live.steps)
    if (!after.has(step.id)) changes.push({ kind: 'removed', what: `Step “${nameOf(step)}”` })
  if (!same(edgeSet(live), edgeSet(draft))) changes.push({ kind: 'changed', what: 'How steps are connected' })
  if (!same(sorted(live.enrollment), sorted(draft.enrollment)))
    changes.push({ kind: 'changed', what: 'Who enters, how often, and what ends a run' })
  if (live.subject !== draft.subject)
    changes.push({ kind: 'changed', what: 'Whether it is about contacts or accounts' })
  if (live.name !== draft.name || (live.description ?? '') !== (draft.description ?? ''))
    changes.push({ kind: 'changed', what: 'Name or description' })
  return changes
}

const edgeSet = (document: PlaybookDocument): string[] => document.edges.map((edge) => edge.join('>')).toSorted()
