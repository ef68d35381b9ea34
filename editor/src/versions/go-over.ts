import type { PublishPreview } from '../api/types.ts'

export type Move = { to: string } | { exit: string }
export type Moves = { [step: string]: Move }

/** A step at which runs wait and which the new version does not have. */
export interface Gone {
  step: string
  label: string
  runs: number
  targets: PublishPreview['waits'][number]['targets']
}

/** Steps that are gone, each once, whatever versions their runs are of. */
export function goneSteps({ waits }: PublishPreview): Gone[] {
  const byStep = new Map<string, Gone>()
  for (const { step, label, runs, change, targets } of waits) {
    if (change !== 'gone') continue
    const known = byStep.get(step)
    byStep.set(step, known === undefined ? { step, label, runs, targets } : { ...known, runs: known.runs + runs })
  }
  return [...byStep.values()]
}

/** How many runs have nowhere to go while nothing is said of them. */
export const unsaid = (gone: readonly Gone[], moves: Moves): number =>
  gone.filter(({ step }) => !isSaid(moves[step])).reduce((sum, { runs }) => sum + runs, 0)

const isSaid = (move: Move | undefined): boolean => move !== undefined && ('to' in move || move.exit.trim() !== '')

/** Without what was begun and left empty. */
export const saidMoves = (moves: Moves): Moves =>
  Object.fromEntries(Object.entries(moves).filter(([, move]) => isSaid(move)))

const CHANGES = {
  same: 'they wait on',
  changed: 'they wait on; what the step is set to differs from now on',
  gone: 'this step is not in the new version',
} as const

export const changeWords = (change: keyof typeof CHANGES): string => CHANGES[change]
