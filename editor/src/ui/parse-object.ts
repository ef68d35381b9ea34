import type { Json } from '../../../nodes/manifest.ts'

/** Reads what a person typed as a JSON object; empty is an empty one. @returns null when it is none */
export function parseObject(text: string): { [name: string]: Json } | null {
  if (text.trim() === '') return {}
  try {
    const value = JSON.parse(text) as Json
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
