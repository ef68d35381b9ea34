import { DAY } from '../model/duration.ts'
import type { Reentry } from '../model/playbook.ts'
import type { Instant } from '../model/rule.ts'

/** What a subject has to do with a playbook so far. */
export interface Entered {
  /** When it last started a run. */
  last: Instant
  /** Whether one of its runs is not over. */
  open: boolean
}

export type Entry =
  | { ok: true }
  /** `again`: the earliest instant at which the same question is answered yes; null: never, or not known. */
  | {
      ok: false
      code: 'ALREADY_ENROLLED' | 'REENTRY_TOO_SOON' | 'NO_CONTACT' | 'NO_ACCOUNT'
      reason: string
      again: Instant | null
    }

/**
 * Whether a subject may enter a playbook (again). Days are of 24 hours, counted from the last start.
 * @param before null: it was never in
 */
export function mayEnter(reentry: Reentry, before: Entered | null, now: Instant): Entry {
  if (before === null || reentry.policy === 'every') return { ok: true }
  if (before.open) return refused('ALREADY_ENROLLED', 'A run for this subject is still open.', null)
  if (reentry.policy === 'once')
    return refused('ALREADY_ENROLLED', 'This subject has been in; the playbook takes everyone once.', null)
  const again = before.last + reentry.days * DAY
  if (now >= again) return { ok: true }
  const from = new Date(again).toISOString()
  return refused(
    'REENTRY_TOO_SOON',
    `The last run started less than ${reentry.days} days ago; the next may start from ${from}.`,
    again,
  )
}

const refused = (code: 'ALREADY_ENROLLED' | 'REENTRY_TOO_SOON', reason: string, again: Instant | null): Entry => ({
  ok: false,
  code,
  reason,
  again,
})
