import type { Json } from '../../manifest.ts'

/** A stored value as text: texts, numbers and booleans as they read, anything else as nothing. */
export const textOf = (value: Json | undefined): string =>
  value === null || value === undefined || typeof value === 'object' ? '' : String(value)
