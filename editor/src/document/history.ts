/** Undo as pure data. Keystrokes in one field within a short time are one step back, as in any text editor. */
export interface History<T> {
  past: readonly T[]
  present: T
  future: readonly T[]
  /** What the newest change belongs to, and when it was made: the next of the same group joins it. */
  group: string | null
  at: number
}

/** How many steps back are kept. */
const DEPTH = 200
/** Milliseconds within which changes of one group are one step. */
const GROUP_MS = 1500

export const startHistory = <T>(present: T): History<T> => ({ past: [], present, future: [], group: null, at: 0 })

/**
 * @param change.group e.g. `tag.input.name`; null never joins
 * @param change.now milliseconds
 */
export function record<T>(history: History<T>, present: T, change: { group: string | null; now: number }): History<T> {
  if (present === history.present) return history
  const joins =
    change.group !== null &&
    change.group === history.group &&
    change.now - history.at < GROUP_MS &&
    history.past.length > 0
  const past = joins ? history.past : [...history.past, history.present].slice(-DEPTH)
  return { past, present, future: [], group: change.group, at: change.now }
}

export function undo<T>(history: History<T>): History<T> {
  const previous = history.past.at(-1)
  if (previous === undefined) return history
  return {
    past: history.past.slice(0, -1),
    present: previous,
    future: [history.present, ...history.future],
    group: null,
    at: 0,
  }
}

export function redo<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future
  if (next === undefined) return history
  return { past: [...history.past, history.present], present: next, future, group: null, at: 0 }
}
