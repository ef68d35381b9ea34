import { isMasked, MASKED } from '../privacy/mask.ts'
import type { Masks } from '../privacy/masks.ts'
import type { ColumnTarget, ImportKind, ImportMapping, ImportView, MappingCheck } from './import-schemas.ts'

/** Which columns of a file hold what somebody may not see: by what they are for, and by what they are called. */
export function hiddenColumns(
  file: { kind: ImportKind; columns: ReadonlyArray<{ name: string }>; mapping: ImportMapping | null },
  masks: Masks,
): boolean[] {
  const of = file.kind === 'events' ? null : file.kind === 'accounts' ? 'account' : 'contact'
  const hides = (name: string): boolean => isMasked(name, masks, of)
  return file.columns.map(({ name }, i) => hides(name.trim()) || hides(meantBy(file.mapping?.columns[i])))
}

function meantBy(target: ColumnTarget | undefined): string {
  if (target === undefined) return ''
  return target.to === 'property' ? target.property : target.to
}

/** Reasons quote what stood in a cell, and that may hold quotes itself. */
export const withoutQuotes = (reason: string): string => reason.replace(/“.*”/su, MASKED)

/** An import as somebody may see it. */
export function maskImport(view: ImportView, masks: Masks | null): ImportView {
  if (masks === null) return view
  const hidden = [view.mapping, view.suggested]
    .map((mapping) => hiddenColumns({ ...view, mapping }, masks))
    .reduce((some, more) => some.map((one, i) => one || more[i] === true))
  if (!hidden.includes(true)) return view
  return {
    ...view,
    columns: view.columns.map((column, i) =>
      hidden[i] === true ? { ...column, samples: column.samples.map(() => MASKED) } : column,
    ),
    firstRefused: view.firstRefused.map((row) => ({ ...row, reason: withoutQuotes(row.reason) })),
  }
}

/** What a mapping makes of the rows, as somebody may see it. */
export const maskCheck = (check: MappingCheck, masks: Masks | null): MappingCheck =>
  masks === null
    ? check
    : { ...check, problems: check.problems.map((one) => ({ ...one, reason: withoutQuotes(one.reason) })) }
