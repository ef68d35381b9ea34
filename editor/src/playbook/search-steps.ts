import type { StepManifest } from '../../../nodes/manifest.ts'

/** Steps whose words hold every word of the query, the best names first; groups stay together while nothing is asked. */
export function searchSteps(steps: StepManifest[], query: string): StepManifest[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const newest = steps.filter(
    (step) => !steps.some((other) => other.type === step.type && other.version > step.version),
  )
  if (words.length === 0) return newest
  return newest
    .map((step) => ({ step, rank: rankOf(step, words) }))
    .filter(({ rank }) => rank > 0)
    .toSorted((a, b) => b.rank - a.rank)
    .map(({ step }) => step)
}

function rankOf(step: StepManifest, words: string[]): number {
  const label = step.label.toLowerCase()
  const rest = `${step.group} ${step.type} ${step.help}`.toLowerCase()
  let rank = 0
  for (const word of words) {
    if (label.startsWith(word)) rank += 4
    else if (label.includes(word)) rank += 3
    else if (`${step.group} ${step.type}`.toLowerCase().includes(word)) rank += 2
    else if (rest.includes(word)) rank += 1
    else return 0
  }
  return rank
}
