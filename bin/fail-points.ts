import { writeSync } from 'node:fs'
import type { FailPoint } from '../engine/temporal/perform-options.ts'
import { UserError } from './supervise/user-error.ts'

/** Begins the last line of a worker that died by its own hand. */
export const FAIL_POINT_MARK = 'signalbox:fail-point '

const POINTS: FailPoint[] = ['before-intent', 'after-intent', 'after-call', 'after-outcome', 'before-task-end']

/**
 * Makes a worker die by its own hand at chosen points, so that tests can show that nothing is lost or done twice.
 * @param setting `after-call:0.02,after-intent:0.01`: at each passing, with that chance; unset in every real deployment
 */
export function failPoints(setting: string | undefined): ((point: FailPoint) => void) | undefined {
  if (setting === undefined || setting === '') return undefined
  const chances = new Map(setting.split(',').map(parsePoint))
  return (point) => {
    if (Math.random() >= (chances.get(point) ?? 0)) return
    // Not through the stream: what it still holds dies with the process.
    writeSync(1, `${FAIL_POINT_MARK}${point}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
}

function parsePoint(text: string): [FailPoint, number] {
  const [name, chance] = text.split(':')
  const point = POINTS.find((known) => known === name)
  const number = Number(chance)
  if (point === undefined || !(number > 0 && number <= 1))
    throw new UserError(
      `SIGNALBOX_FAIL_POINTS: "${text}" is not one of ${POINTS.join(', ')} with a chance, like after-call:0.01.`,
    )
  return [point, number]
}
