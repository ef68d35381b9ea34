import type { StepMark } from '../canvas/flow-graph.ts'
import type { BacktestResult } from '../api/types.ts'
import type { TrialShown } from './use-marks.ts'

export const counted = (n: number): string => n.toLocaleString('en')

/** `+12`, `−3` or nothing where it is the same. */
export function difference(now: number, before: number | undefined): string {
  if (before === undefined || now === before) return ''
  return now > before ? `+${counted(now - before)}` : `−${counted(before - now)}`
}

/** What the published version's steps came to, by id; empty where there is nothing to compare with. */
export function liveSteps({ live }: BacktestResult): ReadonlyMap<string, BacktestResult['draft']['steps'][number]> {
  return new Map(live !== null && 'found' in live ? live.found.steps.map((step) => [step.step, step]) : [])
}

/** The counts of a backtest, for the canvas: how many came to each step, and went by each edge. */
export function shownOfBacktest(result: BacktestResult): TrialShown {
  const byId = new Map(result.draft.steps.map((step) => [step.step, step]))
  const live = liveSteps(result)
  const marks = result.draft.steps.map(({ step, reached, assumed }): [string, StepMark] => {
    const more = difference(reached, live.get(step)?.reached)
    const words = [counted(reached), more === '' ? '' : `(${more})`, assumed ? '· assumed' : '']
    return [step, { words: words.filter((word) => word !== '').join(' ') }]
  })
  const countOf = (from: string, port: string): number | null => {
    const ports = byId.get(from)?.ports
    return ports !== undefined && Object.hasOwn(ports, port) ? (ports[port] ?? 0) : null
  }
  return {
    marks: new Map(marks),
    taken: (from, port) => (countOf(from, port) ?? 0) > 0,
    labels: (from, port) => {
      const count = countOf(from, port)
      return count === null ? null : counted(count)
    },
  }
}
