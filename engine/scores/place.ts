/** One thing wrong with a definition. `path` leads from its root, e.g. `parts.1.measure.from`. */
export interface DefinitionIssue {
  path: string
  message: string
}

/** Where in a definition one is, and where issues go. */
export interface Place {
  path: string
  issues: DefinitionIssue[]
}

export type Fields = { [name: string]: unknown }

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isName = (value: unknown, most = 100): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= most

export const isFinite = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

const join = (a: string, b: string): string => (a === '' || b === '' ? a + b : `${a}.${b}`)

export const inside = (place: Place, path: string): Place => ({ ...place, path: join(place.path, path) })

export function say(place: Place, path: string, message: string): void {
  place.issues.push({ path: join(place.path, path), message })
}

export function onlyFields(value: Fields, known: string[], place: Place): void {
  for (const name of Object.keys(value))
    if (!known.includes(name)) say(place, name, `"${name}" means nothing here; remove it. Known: ${known.join(', ')}.`)
}

/** Says which names stand there twice. */
export function distinctNames(names: unknown[], place: Place): void {
  for (const [i, name] of names.entries())
    if (typeof name === 'string' && names.indexOf(name) !== i)
      say(place, `${i}.name`, `“${name}” is there already. Give each a name of its own.`)
}
