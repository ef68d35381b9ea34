import type { EnrollmentCode } from '../../../api/enroll/enroll.ts'
import type { BacktestResult } from '../api/types.ts'

/** Why somebody did not enter, by the code of the refusal. */
const NOT_ENTERED: { [code in Exclude<EnrollmentCode, 'STARTED' | 'WAITS_ITS_TURN'>]: string } = {
  ALREADY_ENROLLED: 'Kept out: had entered already',
  REENTRY_TOO_SOON: 'Kept out: had entered too lately',
  NO_ACCOUNT: 'Kept out: without an account',
  NO_CONTACT: 'Kept out: without a contact',
  NO_KEY: 'Kept out: without the value that entry goes by',
  QUEUE_FULL: 'Kept out: too many waited already',
  HOLDOUT: 'Kept out: in the holdout group',
  PLAYBOOK_PAUSED: 'Kept out: the playbook was paused',
  PLAYBOOK_NOT_LIVE: 'Kept out: nothing was published',
  WHERE_FALSE: 'Kept out: the trigger’s rule did not hold',
  LOOP: 'Kept out: its own runs had led there',
}

/** A worker of another version may know a code that this one does not. */
export const notEnteredWords = (code: string): string =>
  Object.hasOwn(NOT_ENTERED, code) ? NOT_ENTERED[code as keyof typeof NOT_ENTERED] : `Kept out: ${code}`

const ENDED: { [status in SampledStatus]: string } = {
  completed: 'completed',
  exited: 'exited',
  failed: 'failed',
  cancelled: 'cancelled',
  open: 'still open at the end',
}

type SampledStatus = BacktestResult['draft']['sample'][number]['status']

/** What became of one run of the sample. */
export const endedWords = ({ status, reason }: { status: SampledStatus; reason: string | null }): string =>
  reason === null ? ENDED[status] : `${ENDED[status]}: ${reason}`
