import type { Plan } from '../model/plan.ts'
import type { Ports } from '../ports.ts'
import type { ClientPool } from './client-pool.ts'
import type { ActionActivities, RunActivities } from './messages.ts'
import { createPerform } from './perform.ts'
import type { PerformOptions } from './perform-options.ts'
import { Stint } from './stint.ts'

/** The activities of the run workflow over the ports; everything they need from the outside is an argument. */
export function createRunActivities(ports: Ports, pool: ClientPool, options: PerformOptions): RunActivities {
  const perform = createPerform(ports, pool, { ...options, mayDefer: true })
  const planOf = createPlans(ports)
  return {
    async proceed({ $local: order }) {
      const progress = await new Stint({ ports, perform, planOf }, await planOf(order.planHash), order).run()
      options.reached?.('before-task-end')
      return progress
    },
  }
}

/** The activities of the shared action queue. */
export function createActionActivities(ports: Ports, pool: ClientPool, options: PerformOptions): ActionActivities {
  const perform = createPerform(ports, pool, { ...options, mayDefer: false })
  return {
    perform: (orders) =>
      Promise.all(
        orders.map(async (order) => {
          // What led here was recorded before the run handed the action on.
          const outcome = await perform(order, () => null)
          if (outcome.kind === 'elsewhere') throw new Error('The action queue handed an action on.')
          return { outcome, at: ports.clock() }
        }),
      ),
  }
}

/** Plans kept parsed at most; one of a thousand steps is some megabytes. */
const KEPT_PLANS = 100

function createPlans({ blobs }: Pick<Ports, 'blobs'>): (hash: string) => Promise<Plan> {
  const plans = new Map<string, Promise<Plan>>()
  return (hash) => {
    const known = plans.get(hash)
    if (known !== undefined) return known
    const loading = blobs.get(hash).then((bytes) => JSON.parse(Buffer.from(bytes).toString()) as Plan)
    plans.set(hash, loading)
    // A failed look-up must not be remembered: Postgres may only have been away.
    loading.catch(() => plans.delete(hash))
    const oldest = plans.size > KEPT_PLANS ? plans.keys().next().value : undefined
    if (oldest !== undefined) plans.delete(oldest)
    return loading
  }
}
