/**
 * So many at once; the others wait for their turn, in the order in which they came.
 * @returns what runs work in the lane
 */
export function createLane(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = most
  const waiting: Array<() => void> = []
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      // The place goes from hand to hand, so that nobody slips in between.
      if (next === undefined) free += 1
      else next()
    }
  }
}
