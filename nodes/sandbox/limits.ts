import { z } from 'zod'

/** How many calls the stand-in takes per window, as the vendor's own limit would be. */
export const limitSchema = z.strictObject({
  calls: z.number().int().min(1).max(100_000_000),
  perMs: z.number().int().min(100).max(86_400_000),
})
export type Limit = z.output<typeof limitSchema>

export interface Allowance {
  allowed: boolean
  limit: number
  used: number
  remaining: number
  /** When the window ends, in milliseconds since 1970. */
  resetAt: number
}

export interface RateWindow {
  /** Counts one call made at `now` (ms). Windows are fixed and aligned to the clock, as the vendors' are. */
  take(now: number): Allowance
  current(): Limit
  /** Starts a fresh window under the new limit. */
  change(limit: Limit): void
}

export function rateWindow(first: Limit): RateWindow {
  let limit = first
  let window = -1
  let used = 0
  return {
    take: (now) => {
      const index = Math.floor(now / limit.perMs)
      if (index !== window) {
        window = index
        used = 0
      }
      // A refused call is not counted: vendors answer 429 without using up the next window.
      const allowed = used < limit.calls
      if (allowed) used += 1
      return {
        allowed,
        limit: limit.calls,
        used,
        remaining: limit.calls - used,
        resetAt: (index + 1) * limit.perMs,
      }
    },
    current: () => limit,
    change: (next) => {
      limit = next
      window = -1
      used = 0
    },
  }
}
