import type { EventFilter, Facts, Instant, Window } from '../../engine/model/rule.ts'
import { passes } from '../../engine/rules/events.ts'
import { slidingOf } from '../../engine/rules/windows.ts'
import type { EventRef, Sources } from './facts-then.ts'
import type { WindowView } from './why-node.ts'

const NEWEST = 5

export interface EventsAsked {
  event: string
  where?: EventFilter[] | undefined
}

export const iso = (at: Instant): string => new Date(at).toISOString()

/** The events of a window that pass the filters, the newest first. */
export function windowView(
  asked: { events: readonly EventsAsked[]; within: Window | undefined },
  then: { facts: Facts; sources: Sources },
  at: Instant,
): WindowView | null {
  const sliding = slidingOf(asked.within)
  if (sliding === null) return null
  const [after, until] = [sliding.after(at), sliding.until(at)]
  const found = asked.events
    .flatMap((one) => chosen(one, then, at))
    .filter((event) => event.at > after && event.at <= until)
  // One event may be asked for by two steps of a sequence.
  const unique = [...new Map(found.map((event) => [event.seq, event])).values()]
  const newest = unique.toSorted((a, b) => b.at - a.at).slice(0, NEWEST)
  return {
    from: after === -Infinity ? null : iso(after + 1),
    until: iso(until),
    count: unique.length,
    newest: newest.map((event) => ({ ...event, at: iso(event.at) })),
  }
}

function chosen(
  { event, where }: EventsAsked,
  { facts, sources }: { facts: Facts; sources: Sources },
  at: Instant,
): EventRef[] {
  const values =
    facts.eventValues !== undefined && Object.hasOwn(facts.eventValues, event) ? facts.eventValues[event] : undefined
  return (sources.events.get(event) ?? []).filter((_, i) => passes(where, values?.[i], at))
}
