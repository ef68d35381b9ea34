import type { TrendRule } from '../../../../engine/model/rule.ts'
import { type ConditionKind, type Part, whereOf } from '../condition-kind.ts'
import { Choice } from '../inputs/choice.tsx'
import { EventFilters, EventName, EventPropertyName } from '../inputs/event-input.tsx'
import { NumberBox } from '../inputs/number-input.tsx'
import { WindowInput } from '../inputs/window-input.tsx'

const OF: Array<{ value: TrendRule['trend']; label: string }> = [
  { value: 'count', label: 'the number' },
  { value: 'sum', label: 'the sum of' },
  { value: 'average', label: 'the average of' },
]

const CHANGES: Array<{ value: TrendRule['op']; label: string }> = [
  { value: 'gt', label: 'changed by more than' },
  { value: 'gte', label: 'changed by at least' },
  { value: 'lt', label: 'changed by less than' },
  { value: 'lte', label: 'changed by at most' },
  { value: 'eq', label: 'changed by' },
]

function Body({ rule, onChange, world }: Part<TrendRule>) {
  const { of, ...counted } = rule
  return (
    <>
      <Choice
        label="Figure"
        width={128}
        data={OF}
        value={rule.trend}
        onChange={(trend) => onChange(trend === 'count' ? { ...counted, trend } : { ...rule, trend, of: of ?? '' })}
      />
      {rule.trend !== 'count' && (
        <EventPropertyName
          value={of ?? ''}
          event={rule.event}
          world={world}
          onChange={(path) => onChange({ ...rule, of: path })}
        />
      )}
      <span>of</span>
      <EventName value={rule.event} world={world} onChange={(event) => onChange({ ...rule, event })} />
      <WindowInput
        needed
        value={rule.within}
        zone={world.timeZone}
        onChange={(within) => within !== undefined && onChange({ ...rule, within })}
      />
      <span className="sb-rule-piece">
        <Choice
          label="Comparison"
          width={172}
          data={CHANGES}
          value={rule.op}
          onChange={(op) => onChange({ ...rule, op })}
        />
        <NumberBox
          label="Percent, below 0 for a fall"
          width={78}
          suffix=" %"
          value={rule.value}
          onChange={(value) => onChange({ ...rule, value: value ?? Number.NaN })}
        />
        <span>against the time before</span>
      </span>
      <EventFilters rule={rule} event={rule.event} world={world} onChange={onChange} />
    </>
  )
}

/** A figure against the same figure of the window before. */
export const trendCondition: ConditionKind<TrendRule> = {
  label: 'Trend',
  fresh: (_, told) => ({
    trend: 'count',
    event: told.event,
    op: 'lt',
    value: -50,
    within: told.within ?? 'P30D',
    ...whereOf(told),
  }),
  Body,
}
