/** Below the test runner's own limit of 60 s, so that who waits in vain is told for what. */
const LIMIT_MS = 50_000
const EVERY_MS = 25

/**
 * Looks again and again until something is there: until `look` answers, and neither false nor null. A thrown error (an
 * expectation that does not hold, a refused connection) counts as not yet.
 * @param what what is waited for, as it goes on after “until”: “the run waits”
 * @param bounds.limitMs after how many milliseconds it is given up
 * @throws Error that says what was waited for, with what was thrown last as its cause
 */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  { limitMs = LIMIT_MS, everyMs = EVERY_MS }: { limitMs?: number; everyMs?: number } = {},
): Promise<Exclude<T, false | null>> {
  const deadline = performance.now() + limitMs
  let last: unknown
  do {
    try {
      const found = await look()
      if (found !== false && found !== null) return found as Exclude<T, false | null>
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  } while (performance.now() < deadline)
  throw new Error(`Waited ${limitMs / 1000} s in vain until ${what}.`, last === undefined ? {} : { cause: last })
}
