import type { Json } from '../../nodes/manifest.ts'
import type { PathRead } from './parse.ts'
import { isTemplate, parseTemplate } from './template.ts'

/** What the templates of a value read, at any depth. Broken templates read nothing: compile reports those. */
export function templateReads(value: Json): PathRead[] {
  if (typeof value === 'string') {
    if (!isTemplate(value)) return []
    const parsed = parseTemplate(value)
    if (!parsed.ok) return []
    return parsed.template.parts.flatMap((part) => (part.kind === 'expression' ? part.expression.reads : []))
  }
  if (value === null || typeof value !== 'object') return []
  return (Array.isArray(value) ? value : Object.values(value)).flatMap(templateReads)
}
