import type { EventRule } from '../../../../engine/model/rule.ts'
import { type ConditionKind, type Part, whereOf } from '../condition-kind.ts'
import { CountInput } from '../inputs/count-input.tsx'
import { EventFilters, EventName } from '../inputs/event-input.tsx'
import { WindowInput } from '../inputs/window-input.tsx'
import { withWindow } from '../window-model.ts'

function Body({ rule, onChange, world }: Part<EventRule>) {
  return (
    <>
      <EventName value={rule.event} world={world} onChange={(event) => onChange({ ...rule, event })} />
      <CountInput value={rule.count} unit="times" onChange={(count) => onChange({ ...rule, count })} />
      <WindowInput
        value={rule.within}
        zone={world.timeZone}
        onChange={(within) => onChange(withWindow(rule, within))}
      />
      <EventFilters rule={rule} event={rule.event} world={world} onChange={onChange} />
    </>
  )
}

/** How often something was done; exactly 0 times is its absence. */
export const eventCondition: ConditionKind<EventRule> = {
  label: 'Event',
  fresh: (_, told) => ({
    event: told.event,
    count: { op: 'gte', value: 1 },
    within: told.within ?? 'P7D',
    ...whereOf(told),
  }),
  Body,
}
