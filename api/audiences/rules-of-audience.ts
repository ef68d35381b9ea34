import type { Rule } from '../../engine/model/rule.ts'
import { assertNever } from '../../engine/model/assert-never.ts'
import { rulesOf } from '../../engine/scores/event-figure.ts'
import type { Audience } from '../dispatch/audience-index.ts'

/** Every rule a segment, signal, score or computed property asks; a figure over events by rules that read the same. */
export function rulesOfAudience(audience: Audience): Rule[] {
  switch (audience.kind) {
    case 'segment':
    case 'signal':
      return [audience.rule]
    case 'score':
      return [
        ...audience.rule.parts.flatMap((part) => {
          if (!('measure' in part)) return [part.rule]
          return 'property' in part.measure.of ? [] : rulesOf(part.measure.of)
        }),
        ...audience.rule.stages.map(({ rule }) => rule),
      ]
    case 'computed':
      return Object.values(audience.rule.inputs).flatMap(rulesOf)
    default:
      return assertNever(audience)
  }
}
