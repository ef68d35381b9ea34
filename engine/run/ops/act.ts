import { giveUpWaiting } from '../answers.ts'
import { commandAct } from '../draft.ts'
import type { Op } from './op.ts'

/** A write to the outside; a sleep between two attempts ends with the next, one for an answer with the wait for it. */
export const act: Op<'act'> = {
  begin: (draft, _step, id) => commandAct(draft, id, { visit: 1, attempt: 1 }),
  due: (draft, _step, id) => giveUpWaiting(draft, id),
}
