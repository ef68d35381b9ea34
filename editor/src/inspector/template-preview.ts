import { renderInput } from '../../../engine/expression/render.ts'
import { isTemplate, parseTemplate } from '../../../engine/expression/template.ts'
import { type DataGroup, sampleScope } from '../document/upstream-data.ts'

/** A text filled with samples, or what is wrong with it; null where it has no expression. */
export function previewOf(value: string, groups: DataGroup[]): { text: string; tone: 'good' | 'bad' | 'idle' } | null {
  if (!isTemplate(value)) return null
  const parsed = parseTemplate(value)
  // While an expression is being typed it is not wrong yet; the problems list says so anyway.
  if (!parsed.ok) return { text: parsed.message, tone: 'bad' }
  try {
    const shown = renderInput({ value }, sampleScope(groups)).value
    return { text: `→ ${typeof shown === 'string' ? shown : JSON.stringify(shown)}`, tone: 'good' }
  } catch (error) {
    if (error instanceof Error && error.name === 'FaultError')
      return { text: 'No sample here: it is filled when a run comes by.', tone: 'idle' }
    throw error
  }
}
