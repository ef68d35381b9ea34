import type { RunInput } from '../../engine/model/run.ts'
import { migrationOf } from '../../engine/run/follow.ts'
import { replay, type Replayed } from '../../engine/run/view.ts'
import type { Scoped } from '../context.ts'
import { readInputs, readPlan } from './read-record.ts'

interface Planned {
  id: string
  plan_hash: string
  /** Null where it goes by the version it began under. */
  first_plan_hash: string | null
}

/** A run as its record tells it, through every version that it went over to. */
export async function replayRun(ctx: Scoped, run: Planned): Promise<Replayed & { inputs: RunInput[] }> {
  const inputs = await readInputs(ctx, run.id)
  const hash = run.first_plan_hash ?? run.plan_hash
  const hashes = [...new Set([hash, ...inputs.flatMap((input) => migrationOf(input)?.to.plan ?? [])])]
  const plans = new Map(await Promise.all(hashes.map(async (one) => [one, await readPlan(ctx, one)] as const)))
  const planOf = (one: string) => {
    const plan = plans.get(one)
    if (plan === undefined)
      throw new Error(`The record of run ${run.id} leads to the plan ${one}, which it does not name.`)
    return plan
  }
  return { ...replay({ first: { hash, plan: planOf(hash) }, planOf }, inputs), inputs }
}
