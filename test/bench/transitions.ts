/** What one run cost Temporal. */
export interface Transitions {
  /** Event type (`markerRecorded`) → how many. */
  events: { [type: string]: number }
  /** Billable actions as Temporal Cloud counts them. */
  actions: number
}

const ATTRIBUTES = 'EventAttributes'
/** One action each. */
const BILLED = new Set([
  'workflowExecutionStarted',
  'activityTaskScheduled',
  'timerStarted',
  'workflowExecutionSignaled',
  'upsertWorkflowSearchAttributes',
  'startChildWorkflowExecutionInitiated',
])

/**
 * Counts the events of a history, and the actions in it. All markers of one workflow task (local activities) are one
 * action; search attributes set at the start are none.
 * @see https://docs.temporal.io/cloud/actions
 */
export function transitionsOf(history: readonly object[]): Transitions {
  const types = history.map(typeOf)
  const events: Transitions['events'] = {}
  for (const type of types) events[type] = (events[type] ?? 0) + 1
  const markerGroups = types.filter((type, at) => type === 'markerRecorded' && types[at - 1] !== 'markerRecorded')
  return { events, actions: types.filter((type) => BILLED.has(type)).length + markerGroups.length }
}

/** The decoded event has one set field whose name tells its type. */
function typeOf(event: object): string {
  const found = Object.entries(event).find(([name, value]) => name.endsWith(ATTRIBUTES) && value != null)
  if (found === undefined) throw new Error(`A history event without attributes: ${Object.keys(event).join(', ')}`)
  return found[0].slice(0, -ATTRIBUTES.length)
}
