import type { RunRef } from '../../engine/ports.ts'
import type { OpenedDatabase } from '../../api/db/database.ts'
import { createCatalogCache } from '../../api/dispatch/workspace-catalog.ts'
import { workEvents } from '../../api/dispatch/work-events.ts'

/** Works off what an API under test has taken; answers the runs it would start. */
export async function dispatchAll(database: OpenedDatabase, clock: { now: number }): Promise<RunRef[]> {
  const deps = { pool: database.pool, clock: () => clock.now, catalogs: createCatalogCache() }
  const runs: RunRef[] = []
  for (;;) {
    const worked = await workEvents(deps)
    if (worked.events === 0) return runs
    runs.push(...worked.runs)
  }
}
