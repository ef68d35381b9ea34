const LEAST = 0.01
const MOST = 1_000

/** What is wrong with a pace that cannot be meant, and how to mend it. */
export const PACE_WORDS = `From ${LEAST} to ${MOST.toLocaleString('en')} a second, or nothing at all.`

/**
 * What was typed as “Runs a second”.
 * @returns null: as many as may be; undefined: it is no pace
 */
export function readPace(typed: number | string): number | null | undefined {
  if (typed === '') return null
  return typeof typed === 'number' && typed >= LEAST && typed <= MOST ? typed : undefined
}

/** `0.1 a second`, `about 20 a second`: as exact as it is read. */
export function paceWords(perSecond: number): string {
  if (perSecond >= 10) return `about ${Math.round(perSecond).toLocaleString('en')} a second`
  if (perSecond >= 1 || perSecond === 0) return `about ${Number(perSecond.toFixed(1))} a second`
  return `about ${Number(perSecond.toPrecision(2))} a second`
}
