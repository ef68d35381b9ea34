import type { Json } from '../../../nodes/manifest.ts'

/** Rewrites `steps.<id>` in templates and rule paths when steps get other ids. */
export function renameInInput(
  input: { [field: string]: Json },
  names: ReadonlyMap<string, string>,
): { [field: string]: Json } {
  let changed = false
  const entries = Object.entries(input).map(([field, value]): [string, Json] => {
    const next = renameInValue(value, names, field)
    if (next !== value) changed = true
    return [field, next]
  })
  return changed ? Object.fromEntries(entries) : input
}

function renameInValue(value: Json, names: ReadonlyMap<string, string>, key: string): Json {
  if (typeof value === 'string') {
    // A rule's `property`, and any property picker, holds a bare path; everything else holds it inside {{ }}.
    if (value.startsWith('steps.') && !value.includes('{{') && /^[A-Za-z0-9_.-]+$/.test(value))
      return key === 'value' ? value : renamePath(value, names)
    return value.replace(/\{\{[\s\S]*?\}\}/g, (part) =>
      part.replace(/\bsteps\.([A-Za-z_][A-Za-z0-9_]*)/g, (whole, id: string) => {
        const next = names.get(id)
        return next === undefined ? whole : `steps.${next}`
      }),
    )
  }
  if (Array.isArray(value)) {
    const next = value.map((item) => renameInValue(item, names, key))
    return next.some((item, index) => item !== value[index]) ? next : value
  }
  return value !== null && typeof value === 'object' ? renameInInput(value, names) : value
}

function renamePath(path: string, names: ReadonlyMap<string, string>): string {
  const [root, id, ...rest] = path.split('.')
  const next = id === undefined ? undefined : names.get(id)
  return next === undefined ? path : [root, next, ...rest].join('.')
}
