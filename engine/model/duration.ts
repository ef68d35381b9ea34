/**
 * ISO-8601 durations as a rule or a delay writes them: weeks, days (of 24 hours), hours, minutes, seconds.
 * Years and months are refused: how long they are depends on the day one counts from.
 */

const PATTERN = /^(-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,3})?)S)?)?$/

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const WEEK = 7 * DAY

export type ParsedDuration = { ok: true; ms: number } | { ok: false; why: string }

/**
 * @param text e.g. `P3D`, `PT4H`, `P1DT12H`, `-P7D`
 * @returns whole milliseconds, or why the text is not a duration
 */
export function parseDuration(text: string): ParsedDuration {
  if (/^-?P[^T]*[YM]/.test(text))
    return { ok: false, why: `${quote(text)} uses years or months, whose length varies. Use days, e.g. P30D.` }
  const match = PATTERN.exec(text)
  if (!match || text.endsWith('T') || match.slice(2).every((part) => part === undefined))
    return { ok: false, why: `${quote(text)} is not a duration. Write e.g. P3D for 3 days or PT4H for 4 hours.` }
  const [, sign, weeks, days, hours, minutes, seconds] = match
  const ms =
    Number(weeks ?? 0) * WEEK +
    Number(days ?? 0) * DAY +
    Number(hours ?? 0) * HOUR +
    Number(minutes ?? 0) * MINUTE +
    Math.round(Number(seconds ?? 0) * SECOND)
  if (ms > 3660 * DAY) return { ok: false, why: `${quote(text)} is longer than ten years.` }
  return { ok: true, ms: sign && ms > 0 ? -ms : ms }
}

const UNITS: Array<[ms: number, one: string, many: string]> = [
  [DAY, 'day', 'days'],
  [HOUR, 'hour', 'hours'],
  [MINUTE, 'minute', 'minutes'],
  [SECOND, 'second', 'seconds'],
]

/** `90061000` → `1 day 1 hour 1 minute 1 second`. @param ms milliseconds; the sign is left out */
export function describeDuration(ms: number): string {
  let rest = Math.abs(ms)
  const words: string[] = []
  for (const [unit, one, many] of UNITS) {
    const count = Math.floor(rest / unit)
    rest -= count * unit
    if (count > 0) words.push(`${count} ${count === 1 ? one : many}`)
  }
  if (rest > 0) words.push(`${rest} ms`)
  return words.length === 0 ? 'no time' : words.join(' ')
}

const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
