import type { DocumentStep } from '../../../engine/model/playbook.ts'
import { STEP_HEIGHT, STEP_WIDTH } from './layout.ts'

type Place = [x: number, y: number]

const GAP = 64

/**
 * Where pasted steps are drawn: as far from their places as the offset says; one without a place below what it follows,
 * or else beside the others, and on top of none.
 * @returns null where no step has a place, here or there: the layout finds them all
 */
export function placesOfPasted(
  there: readonly DocumentStep[],
  pasted: { steps: readonly DocumentStep[]; edges: ReadonlyArray<{ from: string; to: string }> },
  offset: Place,
): Map<string, Place> | null {
  const known = [...there, ...pasted.steps].flatMap(({ at }) => (at ? [at] : []))
  if (known.length === 0) return null
  const places = new Map<string, Place>()
  const taken = there.flatMap(({ at }) => (at ? [at] : []))
  const put = (id: string, at: Place): Place => {
    places.set(id, at)
    taken.push(at)
    return at
  }
  for (const { id, at } of pasted.steps) if (at) put(id, [at[0] + offset[0], at[1] + offset[1]])
  const ids = new Set(pasted.steps.map(({ id }) => id))
  const before = new Map(
    pasted.edges.flatMap(({ from, to }): Array<[string, string]> => (ids.has(from) ? [[to, from]] : [])),
  )
  const begun = new Set<string>()
  const place = (id: string): Place => {
    const found = places.get(id)
    if (found !== undefined) return found
    begun.add(id)
    const from = before.get(id)
    // Those that follow each other in a circle begin somewhere.
    const above = from === undefined || begun.has(from) ? null : place(from)
    return put(id, beside(taken, above === null ? offset : [above[0], above[1] + STEP_HEIGHT + GAP]))
  }
  for (const { id } of pasted.steps) place(id)
  return places
}

/** The place itself where it is free, else the next one to the right that is. */
function beside(taken: readonly Place[], [x, y]: Place): Place {
  const hit = taken.some((one) => Math.abs(one[0] - x) < STEP_WIDTH && Math.abs(one[1] - y) < STEP_HEIGHT)
  return hit ? beside(taken, [x + STEP_WIDTH + GAP, y]) : [x, y]
}
