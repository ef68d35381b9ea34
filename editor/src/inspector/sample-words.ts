import type { Json } from '../../../nodes/manifest.ts'

/** A sample in few characters, for lists. */
export function sampleWords(value: Json): string {
  if (value === null) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}
