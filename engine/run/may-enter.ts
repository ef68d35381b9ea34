import type { Json } from '../../nodes/manifest.ts'
import { DAY } from '../model/duration.ts'
import { parsePath, readPath } from '../model/path.ts'
import type { Concurrency, Enrollment, Reentry } from '../model/playbook.ts'
import type { Instant } from '../model/rule.ts'
import { shareOf } from './share.ts'

/** What a subject has to do with a playbook so far; where entry goes by a key, with this key. */
export interface Entered {
  /** When it last started a run. */
  last: Instant
  /** Whether one of its runs is not over. */
  open: boolean
  /** How many of those wait for their turn; left out: none. */
  waiting?: number
}

export type EntryRefusal =
  | 'ALREADY_ENROLLED'
  | 'REENTRY_TOO_SOON'
  | 'NO_CONTACT'
  | 'NO_ACCOUNT'
  | 'NO_KEY'
  | 'QUEUE_FULL'
  | 'HOLDOUT'

/** What becomes of the others where one is let in beside a run that is not over. */
export type Turn = 'queue' | 'replace' | 'newest'

export type Entry =
  /** `turn`: it begins when the open one has ended; left out: at once. */
  | { ok: true; turn?: Turn }
  /** `again`: the earliest instant at which the same question is answered yes; null: never, or not known. */
  | { ok: false; code: EntryRefusal; reason: string; again: Instant | null }

/** The part of the enrollment that says who may enter. */
export type EntryRules = Pick<Enrollment, 'reentry' | 'concurrency' | 'holdout'>

/** Who asks to enter. */
export interface Applicant {
  subjectId: string
  /** Null: it was never in. */
  before: Entered | null
  /** Percent of all subjects that the workspace holds out; left out: none. */
  holdoutPercent?: number
}

/** Longer ones are no ids but texts. */
const LONGEST_KEY = 200

/**
 * What keeps two entries of one subject apart, where the enrollment names a path for it.
 * @returns JSON text, so that `17` and `"17"` differ; null: entry goes by the subject alone
 */
export function entryKeyOf(
  { key: path }: Reentry,
  data: { [name: string]: Json },
): { ok: true; key: string | null } | (Entry & { ok: false }) {
  if (path === undefined) return { ok: true, key: null }
  const parsed = parsePath(path)
  const found = parsed?.root === 'trigger' ? (readPath(data, parsed.path) ?? null) : null
  if (found === null || found === '')
    return refused('NO_KEY', `Entry goes by ${path}, and there is nothing at it. Send it along, or change the key.`)
  if (typeof found === 'object')
    return refused('NO_KEY', `Entry goes by ${path}, which holds no single value here. Choose a path to one.`)
  const key = JSON.stringify(found)
  if (key.length > LONGEST_KEY)
    return refused('NO_KEY', `Entry goes by ${path}, whose value has more than ${LONGEST_KEY} characters.`)
  return { ok: true, key }
}

/**
 * Whether a subject may enter a playbook (again), and whether it has to wait for its turn. Days are of 24 hours,
 * counted from the last start.
 */
export function mayEnter(rules: EntryRules, { subjectId, before, holdoutPercent = 0 }: Applicant, now: Instant): Entry {
  if (rules.holdout !== 'ignore' && isHeldOut(subjectId, holdoutPercent))
    return refused('HOLDOUT', 'It is in the holdout group of the workspace, which this playbook respects.')
  const { reentry } = rules
  if (before === null) return { ok: true }
  const concurrency = concurrencyOf(rules)
  if (before.open && concurrency === null)
    return refused('ALREADY_ENROLLED', `A run for this ${entrantOf(reentry)} is still open.`)
  if (reentry.policy === 'once')
    return refused('ALREADY_ENROLLED', `This ${entrantOf(reentry)} has been in; the playbook takes everyone once.`)
  if (reentry.policy === 'once_per') {
    const again = before.last + reentry.days * DAY
    const from = new Date(again).toISOString()
    if (now < again)
      return refused(
        'REENTRY_TOO_SOON',
        `The last run started less than ${reentry.days} days ago; the next may start from ${from}.`,
        again,
      )
  }
  return before.open && concurrency !== null ? beside(concurrency, before) : { ok: true }
}

const entrantOf = ({ key }: Reentry): string => (key === undefined ? 'subject' : `subject and ${key}`)

/** Left out: whoever may enter every time runs together; others not while a run is open. */
const concurrencyOf = ({ reentry, concurrency }: EntryRules): Concurrency | null =>
  concurrency ?? (reentry.policy === 'every' ? { policy: 'together' } : null)

function beside(concurrency: Concurrency, { waiting = 0 }: Entered): Entry {
  if (concurrency.policy === 'together') return { ok: true }
  if (concurrency.policy !== 'queue' || waiting < concurrency.most) return { ok: true, turn: concurrency.policy }
  return refused(
    'QUEUE_FULL',
    `${waiting} runs wait for their turn already, and the playbook lets ${concurrency.most}.`,
  )
}

/** Always the same of a subject, and of twice the percent the same and as many more. */
export const isHeldOut = (subjectId: string, percent: number): boolean =>
  percent > 0 && shareOf('holdout', subjectId) * 100 < percent

const refused = (code: EntryRefusal, reason: string, again: Instant | null = null): Entry & { ok: false } => ({
  ok: false,
  code,
  reason,
  again,
})
