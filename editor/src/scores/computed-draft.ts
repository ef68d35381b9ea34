import type { ComputedDefinition } from '../../../engine/model/computed.ts'
import type { EventFigure } from '../../../engine/model/figure.ts'
import { newFigure } from './score-draft.ts'

/** A computed property while it is written: inputs as a list, so that a name can be changed letter by letter. */
export interface ComputedDraft {
  property: string
  formula: string
  inputs: Array<{ name: string; figure: EventFigure }>
}

export const draftFrom = (definition: ComputedDefinition | undefined): ComputedDraft =>
  definition === undefined
    ? { property: '', formula: '', inputs: [{ name: 'count', figure: newFigure() }] }
    : {
        property: definition.property,
        formula: definition.formula,
        inputs: Object.entries(definition.inputs).map(([name, figure]) => ({ name, figure })),
      }

/** Of two inputs with one name the last counts, as in the text. */
export const definitionFrom = ({ property, formula, inputs }: ComputedDraft): ComputedDefinition => ({
  property,
  formula: formula.trim(),
  inputs: Object.fromEntries(inputs.map(({ name, figure }) => [name, figure])),
})

export function newInput(inputs: ComputedDraft['inputs']): ComputedDraft['inputs'][number] {
  for (let n = inputs.length + 1; ; n += 1) {
    const name = `input${n}`
    if (!inputs.some((other) => other.name === name)) return { name, figure: newFigure() }
  }
}
