/** Which effect of which run something came of. */
export interface Origin {
  run: string
  /** Null where the run itself did it, not a write of its. */
  effect: string | null
  /** The step whose doing it was; null: not known. */
  step: string | null
  /** `told`: whoever sent it named the effect. `echo`: a connected system told us of what we had written there. `call`: a step started the run. */
  how: 'told' | 'echo' | 'call'
}

/** One run of a chain in which each began by what the one before it did, as it is kept with the runs behind it: of nobody. */
export interface KeptLink {
  run: string
  playbook: { id: string; name: string }
  step: string | null
  /** What its doing led to, in words: `the event “Plan Changed”`. */
  led: string
}

export interface Link extends KeptLink {
  /** Null: that run is no longer kept, or its person was deleted. */
  subjectId: string | null
  /** What its entry went by; null: by the subject alone. */
  key: string | null
}

/** So many runs may each begin by what the one before did. Far more than anyone draws, few enough to stop at once what nobody meant. */
export const LONGEST_CHAIN = 10

/** A run that would begin, as the chain that leads to it sees it. */
export interface Follower {
  playbookId: string
  subjectId: string
  key: string | null
}

/**
 * Whether a run may begin by what those before it did: not where it would be one of them again, nor at the end of a
 * chain that is as long as chains may be. What has another cause is asked nothing here.
 * @param chain the oldest first; empty: it began by nothing that a run did
 */
export function mayFollow(chain: readonly Link[], next: Follower): { ok: true } | { ok: false; reason: string } {
  const again = chain.findIndex((link) => isSame(link, next))
  if (again >= 0)
    return {
      ok: false,
      reason: `It would start itself again: ${wordsOf(chain.slice(again))} → “${chain[again]?.playbook.name}” again. Let the trigger or the step leave out what the playbook itself does.`,
    }
  if (chain.length < LONGEST_CHAIN) return { ok: true }
  return {
    ok: false,
    reason: `It would be the last of ${chain.length + 1} runs that each began by what the one before did, and ${LONGEST_CHAIN} may: ${wordsOf(chain)} → this one.`,
  }
}

/** Of two orders of one customer each has a run of its own. */
const isSame = (link: Link, next: Follower): boolean =>
  link.playbook.id === next.playbookId && link.subjectId === next.subjectId && link.key === next.key

const wordsOf = (chain: readonly Link[]): string =>
  chain
    .map(
      ({ run, playbook, step, led }) =>
        `run ${shortRun(run)} of “${playbook.name}”${step === null ? '' : ` by its step “${step}”`} → ${led}`,
    )
    .join(' → ') // prettier-ignore

/** Enough of it to find it in a list. */
const shortRun = (id: string): string => id.replace(/^run_/, '').slice(0, 8)
