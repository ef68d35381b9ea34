import type { EventFilter, OccasionRule } from '../../../../engine/model/rule.ts'
import { MOMENT_OPS } from '../../../../engine/rules/compare.ts'
import { occasionOf } from '../../../../engine/rules/kind.ts'
import { type ConditionKind, type Part, whereOf } from '../condition-kind.ts'
import { Choice } from '../inputs/choice.tsx'
import { EventFilters, EventName, EventPropertyName } from '../inputs/event-input.tsx'
import { TestInput } from '../inputs/test-input.tsx'
import { eventPropertyType } from '../rule-world.ts'
import { withOp, withType } from '../test-model.ts'

type Of = 'time' | 'property'

/** The same question about the first or the last of other events. */
function about(rule: OccasionRule, which: 'first' | 'last', event: string): OccasionRule {
  const rest: Pick<OccasionRule, 'op'> & { of?: string; value?: OccasionRule['value']; where?: EventFilter[] } = {
    op: rule.op,
    ...(rule.of !== undefined && { of: rule.of }),
    ...(rule.value !== undefined && { value: rule.value }),
    ...(rule.where !== undefined && { where: rule.where }),
  } as never
  return which === 'first' ? { first: event, ...rest } : { last: event, ...rest }
}

function Body({ rule, onChange, world }: Part<OccasionRule>) {
  const { which, event } = occasionOf(rule)
  const zone = world.timeZone
  const { of } = rule
  const turn = (next: Of) => {
    if (next === 'property') return onChange({ ...withType(rule, { type: 'unknown', zone }), of: '' })
    const { of: _, ...moment } = rule
    onChange(MOMENT_OPS.includes(rule.op) ? moment : withOp(moment, 'withinLast', { type: 'date', zone }))
  }
  const type = of === undefined ? 'date' : eventPropertyType(world, event, of)
  return (
    <>
      <Choice
        label="Which one"
        width={86}
        data={[
          { value: 'first', label: 'the first' },
          { value: 'last', label: 'the last' },
        ]}
        value={which}
        onChange={(next) => onChange(about(rule, next, event))}
      />
      <EventName value={event} world={world} onChange={(name) => onChange(about(rule, which, name))} />
      <Choice<Of>
        label="What of it"
        width={112}
        data={[
          { value: 'time', label: 'its time' },
          { value: 'property', label: 'its property' },
        ]}
        value={of === undefined ? 'time' : 'property'}
        onChange={turn}
      />
      {of !== undefined && (
        <EventPropertyName
          value={of}
          event={event}
          world={world}
          onChange={(path) =>
            onChange(withType({ ...rule, of: path }, { type: eventPropertyType(world, event, path), zone }))
          }
        />
      )}
      <TestInput
        test={rule}
        onChange={onChange}
        type={type}
        zone={zone}
        {...(of === undefined && { ops: MOMENT_OPS })}
      />
      <EventFilters rule={rule} event={event} world={world} onChange={onChange} />
    </>
  )
}

/** When something was done for the first or last time, or what it was like then. */
export const occasionCondition: ConditionKind<OccasionRule> = {
  label: 'First or last time',
  fresh: (_, told) => ({ last: told.event, op: 'withinLast', value: 'P7D', ...whereOf(told) }),
  Body,
}
