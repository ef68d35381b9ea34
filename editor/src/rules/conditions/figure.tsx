import { AGGREGATES, type AggregateRule } from '../../../../engine/model/rule.ts'
import { FIGURE_WORDS } from '../../../../engine/rules/explain.ts'
import { type ConditionKind, type Part, whereOf } from '../condition-kind.ts'
import { Choice } from '../inputs/choice.tsx'
import { COMPARED } from '../inputs/count-input.tsx'
import { EventFilters, EventName, EventPropertyName } from '../inputs/event-input.tsx'
import { NumberBox } from '../inputs/number-input.tsx'
import { WindowInput } from '../inputs/window-input.tsx'
import { withWindow } from '../window-model.ts'

const FIGURES = AGGREGATES.map((value) => ({ value, label: FIGURE_WORDS[value] }))

function Body({ rule, onChange, world }: Part<AggregateRule>) {
  return (
    <>
      <Choice
        label="Figure"
        width={176}
        data={FIGURES}
        value={rule.aggregate}
        onChange={(aggregate) => onChange({ ...rule, aggregate })}
      />
      <EventPropertyName
        value={rule.of}
        event={rule.event}
        world={world}
        onChange={(of) => onChange({ ...rule, of })}
      />
      <span>of</span>
      <EventName value={rule.event} world={world} onChange={(event) => onChange({ ...rule, event })} />
      <WindowInput
        value={rule.within}
        zone={world.timeZone}
        onChange={(within) => onChange(withWindow(rule, within))}
      />
      <span className="sb-rule-piece">
        <Choice
          label="Comparison"
          width={132}
          data={COMPARED}
          value={rule.op}
          onChange={(op) => onChange({ ...rule, op })}
        />
        <NumberBox
          label="Value"
          value={rule.value}
          onChange={(value) => onChange({ ...rule, value: value ?? Number.NaN })}
        />
      </span>
      <EventFilters rule={rule} event={rule.event} world={world} onChange={onChange} />
    </>
  )
}

/** A sum, an average, the smallest, the largest, or how many different values. */
export const figureCondition: ConditionKind<AggregateRule> = {
  label: 'Figure',
  fresh: (_, told) => ({
    aggregate: 'sum',
    event: told.event,
    of: '',
    op: 'gt',
    value: 0,
    within: told.within ?? 'P30D',
    ...whereOf(told),
  }),
  Body,
}
