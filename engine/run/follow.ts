import type { Plan } from '../model/plan.ts'
import type { Advanced, RunInput, RunState } from '../model/run.ts'
import { advance } from './advance.ts'
import { migrate, type MigrationRefusal, unmigrate } from './migrate.ts'

/** The plan a run goes by, and its content address. */
export interface UnderPlan {
  hash: string
  plan: Plan
}

export type Followed = Advanced & {
  under: UnderPlan
  /** Why it did not go over to another plan; null where it did, or was not asked to. */
  refused: MigrationRefusal | null
}

/** The command by which a run goes over to another plan, or back; null for any other input. */
export function migrationOf(input: RunInput) {
  if (input.kind !== 'operator') return null
  const { command } = input
  return command.kind === 'migrate' || command.kind === 'unmigrate' ? command : null
}

/**
 * `advance` for a run that may go over to another version on its way.
 * @param given.planOf asked for the plan that an input leads to
 */
export function follow(
  given: { under: UnderPlan; planOf: (hash: string) => Plan },
  state: RunState | null,
  input: RunInput,
): Followed {
  const { under, planOf } = given
  if (state === null || input.kind !== 'operator' || migrationOf(input) === null)
    return { ...advance(under.plan, state, input), under, refused: null }
  const { command } = input
  if (command.kind !== 'migrate' && command.kind !== 'unmigrate') throw new Error('Not a migration.')
  const elsewhere = command.from.plan !== under.hash && !state.handled.includes(input.id)
  if (elsewhere) {
    const text = `The run is not under version ${command.from.version} any more`
    return { state, commands: [], notes: [{ step: '', text }], under, refused: { code: 'otherVersion', text } }
  }
  const to = planOf(command.to.plan)
  const plans = { from: under.plan, to }
  const next =
    command.kind === 'migrate'
      ? migrate(plans, state, { ...input, command })
      : unmigrate(plans, state, { ...input, command })
  return { ...next, under: next.refused === null ? { hash: command.to.plan, plan: to } : under }
}
