import type { RerunDetail, RerunSummary } from '../api/types.ts'
import { counted } from '../ui/counted.ts'

export const runsOf = (n: number): string => counted(n, 'run')

/**
 * What was asked for, as one line.
 * @param zone whose clocks times are read by; left out: the reader's own
 */
export function filterWords(
  { playbook, version, code, step, from, to }: RerunSummary['filter'],
  zone?: string,
): string {
  const words = [
    playbook === undefined ? 'any playbook' : `${playbook}${version === undefined ? '' : ` v${version}`}`,
    ...(code === undefined ? [] : [code]),
    ...(step === undefined ? [] : [`step ${step}`]),
    ...(from === undefined ? [] : [`failed since ${inZone(from, zone)}`]),
    ...(to === undefined ? [] : [`failed before ${inZone(to, zone)}`]),
  ]
  return words.join(', ')
}

const inZone = (when: string, zone: string | undefined): string =>
  new Intl.DateTimeFormat('en', {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
    ...(zone === undefined ? {} : { timeZone: zone }),
  }).format(new Date(when))

export interface Stage {
  name: string
  /** Its runs, as far as they are shown. */
  runs: RerunDetail['runs']
  state: 'to come' | 'under way' | 'through'
}

/** The runs by the stage they were, or will be, begun in. One that had gone on otherwise gives its place to the next. */
export function stagesOf(view: Pick<RerunDetail, 'runs' | 'stage' | 'status'>): Stage[] {
  const sizes = [1, 10, Number.POSITIVE_INFINITY]
  const stages: RerunDetail['runs'][] = [[], [], []]
  let at = 0
  let begun = 0
  for (const run of view.runs) {
    while (begun >= (sizes[at] ?? 0)) {
      at += 1
      begun = 0
    }
    stages[at]?.push(run)
    if (run.status !== 'moved') begun += 1
  }
  const names = ['First one', 'Then ten', 'Then the rest']
  return names.flatMap((name, index) => {
    const runs = stages[index] ?? []
    if (runs.length === 0) return []
    const over = runs.every(({ status }) => status !== 'waiting' && status !== 'begun')
    return [
      {
        name,
        runs,
        state: over ? 'through' : runs.some(({ status }) => status !== 'waiting') ? 'under way' : 'to come',
      },
    ]
  })
}
