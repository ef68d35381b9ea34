import { Autocomplete, Group, NumberInput, Select, TagsInput, TextInput } from '@mantine/core'
import type { EventRule, PropertyRule, Rule, SegmentRule, SignalRule } from '../../../engine/model/rule.ts'
import { COUNT_WORDS, OP_WORDS } from '../../../engine/rules/explain.ts'
import type { DataType } from '../document/upstream-data.ts'
import { DurationInput } from '../inspector/duration-input.tsx'
import { PropertyInput } from '../inspector/property-input.tsx'
import { Remove } from './remove.tsx'
import {
  type ConditionKind,
  kindOf,
  listValue,
  newCondition,
  opsFor,
  type RuleWorld,
  valueKindOf,
  withOp,
  withProperty,
} from './rule-model.ts'

const KINDS: Array<{ value: ConditionKind; label: string }> = [
  { value: 'property', label: 'Property' },
  { value: 'event', label: 'Event' },
  { value: 'segment', label: 'Segment' },
  { value: 'signal', label: 'Signal' },
]

interface Part<R> {
  rule: R
  onChange: (rule: Rule) => void
  world: RuleWorld
}

/** One line of a rule. */
export function Condition(props: Part<Rule> & { onRemove: () => void }) {
  const { rule, onChange, onRemove, world } = props
  return (
    <div className="sb-rule-line" role="group" aria-label="Condition">
      <Select
        size="xs"
        w={104}
        data={KINDS}
        value={kindOf(rule)}
        aria-label="Kind of condition"
        onChange={(kind) => kind !== null && kind !== kindOf(rule) && onChange(newCondition(kind))}
      />
      <ConditionBody rule={rule} onChange={onChange} world={world} />
      <Remove label="Remove this condition" onClick={onRemove} />
    </div>
  )
}

function ConditionBody({ rule, onChange, world }: Part<Rule>) {
  if ('event' in rule) return <EventCondition rule={rule} onChange={onChange} world={world} />
  if ('segment' in rule) return <MemberCondition rule={rule} onChange={onChange} world={world} />
  if ('signal' in rule) return <MemberCondition rule={rule} onChange={onChange} world={world} />
  if ('property' in rule) return <PropertyCondition rule={rule} onChange={onChange} world={world} />
  return null
}

export function typeOfPath(path: string, world: RuleWorld): DataType {
  for (const { data } of world.groups) {
    const found = data.find((datum) => datum.path === path)
    if (found !== undefined) return found.type
  }
  return 'unknown'
}

function PropertyCondition({ rule, onChange, world }: Part<PropertyRule>) {
  const type = typeOfPath(rule.property, world)
  return (
    <>
      <PropertyInput
        size="xs"
        ariaLabel="Property"
        value={rule.property}
        groups={world.groups}
        onChange={(property) => onChange(withProperty(rule, property, typeOfPath(property, world)))}
      />
      <Select
        size="xs"
        w={150}
        aria-label="Comparison"
        data={opsFor(type, rule.op).map((op) => ({ value: op, label: OP_WORDS[op] }))}
        value={rule.op}
        onChange={(op) => op !== null && onChange(withOp(rule, op, type))}
      />
      <ValueInput rule={rule} onChange={onChange} type={type} />
    </>
  )
}

function ValueInput({ rule, onChange, type }: { rule: PropertyRule; onChange: (rule: Rule) => void; type: DataType }) {
  const { value, ...bare } = rule
  const set = (next: PropertyRule['value']) => onChange(next === undefined ? bare : { ...bare, value: next })
  const shared = { size: 'xs', 'aria-label': 'Value' } as const
  switch (valueKindOf(rule.op, type)) {
    case 'none':
      return null
    case 'number':
      return (
        <NumberInput
          {...shared}
          w={110}
          hideControls
          value={typeof value === 'number' ? value : ''}
          onChange={(next) => set(typeof next === 'number' ? next : undefined)}
        />
      )
    case 'boolean':
      return (
        <Select
          {...shared}
          w={90}
          data={['true', 'false']}
          value={String(value ?? true)}
          onChange={(next) => set(next === 'true')}
        />
      )
    case 'date':
      return (
        <TextInput
          {...shared}
          type="date"
          w={140}
          value={typeof value === 'string' ? value.slice(0, 10) : ''}
          onChange={(event) => set(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
        />
      )
    case 'duration':
      return (
        <DurationInput
          {...shared}
          value={typeof value === 'string' ? value : undefined}
          onChange={(next) => set(next)}
        />
      )
    case 'list':
      return (
        <TagsInput
          {...shared}
          style={{ flex: '1 1 140px' }}
          placeholder="Type and press Enter"
          value={Array.isArray(value) ? value.map(String) : []}
          onChange={(parts) => {
            const list = listValue(parts, type)
            if (list !== null) set(list)
          }}
        />
      )
    case 'text':
      return (
        <TextInput
          {...shared}
          style={{ flex: '1 1 120px' }}
          value={typeof value === 'string' ? value : value === undefined ? '' : String(value)}
          onChange={(event) => set(event.currentTarget.value)}
        />
      )
  }
}

const COUNTS = Object.entries(COUNT_WORDS).map(([value, label]) => ({
  value: value as keyof typeof COUNT_WORDS,
  label,
}))

function EventCondition({ rule, onChange, world }: Part<EventRule>) {
  const { within, ...ever } = rule
  return (
    <>
      <Autocomplete
        size="xs"
        style={{ flex: '1 1 150px' }}
        aria-label="Event name"
        placeholder="Event name"
        data={world.eventNames}
        value={rule.event}
        onChange={(event) => onChange({ ...rule, event })}
      />
      <Group gap={6} wrap="nowrap">
        <Select
          size="xs"
          w={104}
          aria-label="How often"
          data={COUNTS}
          value={rule.count.op}
          onChange={(op) => op !== null && onChange({ ...rule, count: { ...rule.count, op } })}
        />
        <NumberInput
          size="xs"
          w={64}
          min={0}
          allowDecimal={false}
          hideControls
          aria-label="Times"
          value={rule.count.value}
          onChange={(value) => typeof value === 'number' && onChange({ ...rule, count: { ...rule.count, value } })}
        />
      </Group>
      <Select
        size="xs"
        w={112}
        aria-label="When"
        data={[
          { value: 'ever', label: 'times ever' },
          { value: 'within', label: 'times in the' },
        ]}
        value={within === undefined ? 'ever' : 'within'}
        onChange={(when) => onChange(when === 'ever' ? ever : { ...ever, within: within ?? 'P7D' })}
      />
      {within !== undefined && (
        <DurationInput
          size="xs"
          aria-label="Window"
          value={within}
          onChange={(next) => onChange({ ...ever, within: next ?? 'P7D' })}
        />
      )}
    </>
  )
}

function MemberCondition({ rule, onChange, world }: Part<SegmentRule | SignalRule>) {
  const signal = 'signal' in rule
  const list = signal ? world.signals : world.segments
  const slug = signal ? rule.signal : rule.segment
  const data = list.map((entry) => ({ value: entry.slug, label: entry.name }))
  return (
    <>
      <Select
        size="xs"
        searchable
        style={{ flex: '1 1 150px' }}
        aria-label={signal ? 'Signal' : 'Segment'}
        placeholder={signal ? 'Choose a signal' : 'Choose a segment'}
        nothingFoundMessage={signal ? 'No such signal' : 'No such segment'}
        data={slug === '' || list.some((entry) => entry.slug === slug) ? data : [...data, slug]}
        value={slug === '' ? null : slug}
        onChange={(next) => next !== null && onChange(signal ? { ...rule, signal: next } : { ...rule, segment: next })}
      />
      {signal ? (
        <Select
          size="xs"
          w={120}
          aria-label="Is"
          data={[
            { value: 'set', label: 'is set' },
            { value: 'cleared', label: 'is not set' },
          ]}
          value={rule.is}
          onChange={(is) => is !== null && onChange({ ...rule, is })}
        />
      ) : (
        <Select
          size="xs"
          w={120}
          aria-label="Is"
          data={[
            { value: 'in', label: 'is a member' },
            { value: 'out', label: 'is no member' },
          ]}
          value={rule.is}
          onChange={(is) => is !== null && onChange({ ...rule, is })}
        />
      )}
    </>
  )
}
