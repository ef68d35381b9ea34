import type { FactsSource, RunRef } from '../../engine/ports.ts'
import { mayMatter } from '../../engine/run/listens.ts'
import { mergeReads, readsOf } from '../../engine/rules/reads.ts'
import { spareLooks, type UnsureRun, unsureRuns } from '../db/run-waits.ts'
import type { Queryable } from '../db/sql.ts'
import type { TouchedRun } from './tell-waiting.ts'

/** How many are looked at together. */
const AT_ONCE = 8

/**
 * Of runs that are owed a look, because something changed that a rule of theirs reads, those that need one: a rule's answer
 * is asked here for a fraction of what the run itself would pay for finding out that nothing follows. What changes later
 * owes another look. Those whom their event has touched need one for sure.
 */
export async function worthALook(
  deps: { q: Queryable; facts: FactsSource; clock: () => number },
  touched: readonly TouchedRun[],
): Promise<RunRef[]> {
  const worth: RunRef[] = touched.filter(({ concern }) => concern === 'event')
  const asked = touched.filter(({ concern }) => concern === 'rule')
  // Read before the facts: a touch that came after it is not answered by them.
  const rest = asked.length === 0 ? [] : await unsureRuns(deps.q, asked)
  const spared: UnsureRun[] = []
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
