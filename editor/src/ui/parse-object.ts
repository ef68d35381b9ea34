import type { Json } from '../../../nodes/manifest.ts'
import { parseJson } from './parse-json.ts'

/** Reads what a person typed as a JSON object; empty is an empty one. @returns null when it is none */
export function parseObject(text: string): { [name: string]: Json } | null {
  if (text.trim() === '') return {}
  const value = parseJson(text) ?? null
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : null
}
