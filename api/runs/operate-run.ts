import type { OperatorCommand } from '../../engine/model/run.ts'
import { advance } from '../../engine/run/advance.ts'
import type { Context } from '../context.ts'
import { problem } from '../problem.ts'
import { sendCommand } from './control.ts'
import { findRun } from './run-list.ts'
import { replayRun } from './replay-run.ts'

/**
 * Tells a run what a person wants of it. Whether it applies is asked of the same `advance` over the record as it is now;
 * what changes until the command arrives, the run says in its timeline.
 * @throws ProblemError 404; 409 COMMAND_REFUSED with the reason
 */
export async function operateRun(ctx: Context, id: string, command: OperatorCommand): Promise<{ id: string }> {
  const run = await findRun(ctx, id)
  const { plan, state } = await replayRun(ctx, run)
  if (state === null)
    throw problem(409, 'COMMAND_REFUSED', 'The run has not begun yet. Try again in a second, or cancel it.')
  const next = advance(plan, state, { kind: 'operator', at: ctx.now, id: 'asked beforehand', command })
  if (next.state === state) throw problem(409, 'COMMAND_REFUSED', `${next.notes[0]?.text ?? 'It does not apply'}.`)
  await sendCommand(ctx, id, command)
  return { id }
}
