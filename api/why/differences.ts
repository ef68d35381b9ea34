import { sameJson } from '../../engine/model/path.ts'
import type { Instant, Trace } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import { iso } from './window-view.ts'

const MOST = 5

/**
 * Where an edge's own trace says otherwise than what is worked out for its moment today, for people. That may be so
 * where several things happened at one millisecond, the rule was changed since, or data was deleted.
 */
export function differences(given: {
  recorded: Trace
  rebuilt: Trace
  at: Instant
  isHidden: (path: string) => boolean
}): string[] {
  const { recorded, rebuilt, at, isHidden } = given
  const found: string[] = []
  compare(recorded, rebuilt, (say, rule) => {
    const path = /(?:contact|account)\.[^\s]+/.exec(rule)?.[0]
    found.push(
      path !== undefined && isHidden(path)
        ? 'A value that may not be seen with your role was recorded otherwise.'
        : say,
    )
  })
  if (found.length === 0) return []
  const more = found.length - MOST
  return [
    `What was recorded at ${iso(at)} differs from what is worked out for that moment now:`,
    ...found.slice(0, MOST),
    ...(more > 0 ? [`and ${more} more.`] : []),
  ]
}

const shown = ({ actual, missing, value }: Trace): string =>
  missing ? 'nothing there' : actual === undefined ? String(value) : JSON.stringify(actual)

function compare(recorded: Trace, rebuilt: Trace, say: (words: string, rule: string) => void): void {
  if (recorded.rule !== rebuilt.rule && recorded.actual === undefined)
    return say(`it was asked “${recorded.rule}” then, and “${rebuilt.rule}” today`, recorded.rule)
  const [before, after] = [recorded.children ?? [], rebuilt.children ?? []]
  if (before.length !== after.length)
    return say(`“${recorded.rule}” had ${before.length} parts then, and has ${after.length} today`, recorded.rule)
  if (before.length > 0) return before.forEach((part, i) => compare(part, after[i] ?? part, say))
  if (recorded.rule !== rebuilt.rule)
    return say(`it was asked “${recorded.rule}” then, and “${rebuilt.rule}” today`, recorded.rule)
  const [was, is] = [valueOf(recorded), valueOf(rebuilt)]
  if (recorded.value !== rebuilt.value || !sameJson(was, is))
    say(`“${recorded.rule}”: recorded ${shown(recorded)}, worked out ${shown(rebuilt)}`, recorded.rule)
}

const valueOf = ({ actual, missing }: Trace): Json => (missing ? null : (actual ?? null))
