import type { MigrationSummary } from '../api/types.ts'
import { counted } from '../ui/counted.ts'

type Status = MigrationSummary['status']

const STATUS: { [status in Status]: string } = {
  running: 'Going over',
  paused: 'Paused',
  done: 'Done',
  cancelled: 'Cancelled',
  reverting: 'Being taken back',
  revertingPaused: 'Paused while being taken back',
  reverted: 'Taken back',
}
export const statusWords = (status: Status): string => STATUS[status]

type RunStatus = keyof MigrationSummary['counts']

const RUN: { [status in RunStatus]: string } = {
  waiting: 'to come',
  told: 'told',
  moved: 'gone over',
  refused: 'not gone over',
  passed: 'had gone on or ended',
  cancelled: 'left as they were',
  returning: 'to go back',
  toldBack: 'told to go back',
  returned: 'gone back',
  stayed: 'stayed, past their wait',
}
export const runWords = (status: RunStatus): string => RUN[status]

/** “5 gone over, 195 to come”: what there is, in the order of a run’s way. */
export const countWords = ({ counts }: Pick<MigrationSummary, 'counts'>): string =>
  (Object.keys(RUN) as RunStatus[])
    .flatMap((status) => (counts[status] ? [`${counts[status].toLocaleString('en')} ${RUN[status]}`] : []))
    .join(', ')

/** Which of its runs are through, in percent. */
export function percentThrough({ total, counts }: Pick<MigrationSummary, 'total' | 'counts'>): number {
  const { waiting = 0, told = 0, returning = 0, toldBack = 0 } = counts
  return total === 0 ? 100 : Math.round(((total - waiting - told - returning - toldBack) / total) * 100)
}

export const titleOf = ({ total, toVersion }: MigrationSummary): string =>
  `${counted(total, 'run')} to version ${toVersion}`
