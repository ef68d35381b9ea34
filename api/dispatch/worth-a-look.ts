import type { FactsSource, RunRef } from '../../engine/ports.ts'
import { mayMatter } from '../../engine/run/listens.ts'
import { mergeReads, readsOf } from '../../engine/rules/reads.ts'
import { spareLooks, type UnsureRun, unsureRuns } from '../db/run-waits.ts'
import type { Queryable } from '../db/sql.ts'
import type { TouchedRun } from './tell-waiting.ts'

/** How many are looked at together. */
const AT_ONCE = 8

/**
 * Of runs that are owed a look those that need one: a rule's answer is asked here for a fraction of what the run itself
 * would pay for finding out that nothing follows. What changes later owes another look.
 */
export async function worthALook(
  deps: { q: Queryable; facts: FactsSource; clock: () => number },
  touched: readonly TouchedRun[],
): Promise<RunRef[]> {
  const sure = touched.filter(({ concern }) => concern === 'event')
  const unsure = await unsureRuns(
    deps.q,
    touched.filter(({ concern }) => concern === 'rule'),
  )
  const [worth, spared]: [RunRef[], UnsureRun[]] = [[...sure], []]
  const rest = [...unsure]
  const lane = async (): Promise<void> => {
    for (let run = rest.shift(); run !== undefined; run = rest.shift())
      // What cannot be asked here, its own stint asks, and says what is wrong.
      if (await matters(deps, run).catch(() => true)) worth.push(run)
      else spared.push(run)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, rest.length) }, lane))
  if (spared.length > 0) await spareLooks(deps.q, spared)
  return worth
}

async function matters(
  { facts, clock }: { facts: FactsSource; clock: () => number },
  run: UnsureRun,
): Promise<boolean> {
  const { workspaceId, kind, subjectId: id, related, asked } = run
  if (asked === null) return true
  const reads = mergeReads(asked.map(({ rule }) => readsOf(rule)))
  return mayMatter(asked, await facts.load(workspaceId, { kind, id, related }, { reads, at: clock() }))
}
