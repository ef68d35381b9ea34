import type { ComputedDefinition } from '../model/computed.ts'
import type { Reads } from '../model/rule.ts'
import type { Measure, ScoreDefinition } from '../model/score.ts'
import { addProperty, mergeReads, noReads, readsOf } from '../rules/reads.ts'
import { subjectReads } from './evaluate-computed.ts'
import { readsOfFigure } from './event-figure.ts'

/** What must be loaded before the score can be worked out. */
export function readsOfScore(definition: ScoreDefinition): Reads {
  const parts = definition.parts.map((part) => ('measure' in part ? readsOfMeasure(part.measure) : readsOf(part.rule)))
  return mergeReads([...parts, ...definition.stages.map(({ rule }) => readsOf(rule))])
}

function readsOfMeasure({ of }: Measure): Reads {
  if (!('property' in of)) return readsOfFigure(of)
  const reads = noReads()
  addProperty(reads, of.property)
  return reads
}

/** What must be loaded before the property can be worked out. */
export function readsOfComputed(definition: ComputedDefinition): Reads {
  const properties = noReads()
  for (const { root, path } of subjectReads(definition.formula)) addProperty(properties, [root, ...path].join('.'))
  return mergeReads([properties, ...Object.values(definition.inputs).map(readsOfFigure)])
}
