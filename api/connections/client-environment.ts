import type { ClientEnvironment } from '../../nodes/define.ts'
import type { Context } from '../context.ts'

const TIMEOUT_MS = 15_000

/**
 * What a client made for a person's click works with: our budget, our time limit, renewed grants kept.
 * @param wholeMs for all its calls together
 */
export function environmentFor(
  ctx: Context,
  connection: { id: string; credentials: { [name: string]: string } },
  wholeMs = 2 * TIMEOUT_MS,
): ClientEnvironment {
  return {
    meter: async (calls = 1) => {
      let slot: number | null = null
      for (;;) {
        const taken = await ctx.budgets.take(connection.id, calls, slot)
        if (taken.granted) return
        slot = taken.at
        const until = taken.at
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - Date.now())))
      }
    },
    timeoutMs: TIMEOUT_MS,
    signal: AbortSignal.timeout(wholeMs),
    refresh: () => ctx.connections.refresh(ctx.workspaceId, connection.id, connection.credentials['accessToken'] ?? ''),
  }
}
