import type { Json } from '../../../nodes/manifest.ts'

/** @returns undefined where the text is no JSON */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
