import { DAY } from '../model/duration.ts'
import type { Reentry } from '../model/playbook.ts'
import type { Instant } from '../model/rule.ts'

export type Entry =
  | { ok: true }
  /** `again`: the earliest instant at which the same question is answered yes; null: never. */
  | { ok: false; reason: string; again: Instant | null }

/**
 * Whether a subject may enter a playbook (again). Days are of 24 hours, counted from the last start.
 * @param lastStart when the subject last started a run of this playbook; null: never
 */
export function mayEnter(reentry: Reentry, lastStart: Instant | null, now: Instant): Entry {
  if (lastStart === null) return { ok: true }
  switch (reentry.policy) {
    case 'every':
      return { ok: true }
    case 'once':
      return { ok: false, reason: 'Everyone enters this playbook once, and this one has.', again: null }
    case 'once_per': {
      const again = lastStart + reentry.days * DAY
      if (now >= again) return { ok: true }
      return { ok: false, reason: `Everyone enters this playbook once in ${reentry.days} days at most.`, again }
    }
  }
}
