import { commandAct } from '../draft.ts'
import type { Op } from './op.ts'

/** A write to the outside; a sleep between two attempts ends with the next. */
export const act: Op<'act'> = {
  begin: (draft, _step, id) => commandAct(draft, id, { visit: 1, attempt: 1 }),
}
