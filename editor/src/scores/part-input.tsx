import { Autocomplete, Group, NumberInput, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core'
import type { Measure, ScorePart } from '../../../engine/model/score.ts'
import { Remove } from '../rules/remove.tsx'
import { RuleBuilder } from '../rules/rule-builder.tsx'
import type { RuleWorld } from '../rules/rule-model.ts'
import { FigureInput } from './figure-input.tsx'
import { measuredPart, ruledPart } from './score-draft.ts'

type Kind = 'events' | 'property' | 'rule'
const KINDS = [
  { value: 'events', label: 'Measure events' },
  { value: 'property', label: 'Measure a property' },
  { value: 'rule', label: 'A rule holds' },
]

const kindOf = (part: ScorePart): Kind =>
  'rule' in part ? 'rule' : 'property' in part.measure.of ? 'property' : 'events'

/** One part of a score: its name, its weight, and what it measures or asks. */
export function PartInput(props: {
  part: ScorePart
  /** Percent of all weights. */
  share: number
  onChange: (part: ScorePart) => void
  onRemove: (() => void) | null
  world: RuleWorld
}) {
  const { part, share, onChange, onRemove, world } = props
  const turn = (kind: string) => {
    if (kind === 'rule') return onChange(ruledPart(part))
    const measured = measuredPart(part)
    if (kind === 'events' || !('measure' in measured)) return onChange(measured)
    onChange({ ...measured, measure: { ...measured.measure, of: { property: '' } } })
  }
  return (
    <Stack gap={8} className="sb-rule-group" role="group" aria-label={`Part ${part.name}`}>
      <Group gap={6}>
        <TextInput
          size="xs"
          style={{ flex: '1 1 120px' }}
          aria-label="Name of the part"
          placeholder="Usage"
          value={part.name}
          onChange={(event) => onChange({ ...part, name: event.currentTarget.value })}
        />
        <NumberInput
          size="xs"
          w={70}
          min={0}
          max={1000}
          hideControls
          aria-label="Weight"
          value={part.weight}
          onChange={(weight) => typeof weight === 'number' && onChange({ ...part, weight })}
        />
        <Text size="xs" c="dimmed" miw={46} style={{ whiteSpace: 'nowrap' }}>
          = {share}%
        </Text>
        {onRemove !== null && <Remove label={`Remove part ${part.name}`} onClick={onRemove} />}
      </Group>
      <SegmentedControl
        size="xs"
        aria-label="What gives marks"
        data={KINDS}
        value={kindOf(part)}
        onChange={turn}
        style={{ alignSelf: 'flex-start' }}
      />
      {'rule' in part ? (
        <RuleBuilder
          label={`Rule of ${part.name}`}
          rule={part.rule}
          world={world}
          onChange={(rule) => onChange({ ...part, rule })}
        />
      ) : (
        <MeasureInput measure={part.measure} world={world} onChange={(measure) => onChange({ ...part, measure })} />
      )}
    </Stack>
  )
}

function MeasureInput(props: { measure: Measure; world: RuleWorld; onChange: (measure: Measure) => void }) {
  const { measure, world, onChange } = props
  const { of: measured } = measure
  return (
    <>
      {'property' in measured ? (
        <Autocomplete
          size="xs"
          aria-label="Property"
          placeholder="account.seats"
          data={numbersOf(world)}
          value={measured.property}
          onChange={(property) => onChange({ ...measure, of: { property } })}
        />
      ) : (
        <FigureInput
          label="What is measured"
          figure={measured}
          world={world}
          onChange={(figure) => onChange({ ...measure, of: figure })}
        />
      )}
      <Group gap={6}>
        <Text size="xs">no marks at</Text>
        <MarkInput label="No marks at" value={measure.from} onChange={(from) => onChange({ ...measure, from })} />
        <Text size="xs">full marks at</Text>
        <MarkInput label="Full marks at" value={measure.to} onChange={(to) => onChange({ ...measure, to })} />
        <Select
          size="xs"
          w={190}
          aria-label="Where there is no number"
          data={[
            { value: 'none', label: 'missing: no marks' },
            { value: 'leave out', label: 'missing: leave the part out' },
          ]}
          value={measure.missing}
          onChange={(missing) => missing !== null && onChange({ ...measure, missing })}
        />
      </Group>
    </>
  )
}

function MarkInput({ label, value, onChange }: { label: string; value: number; onChange: (value: number) => void }) {
  return (
    <NumberInput
      size="xs"
      w={74}
      hideControls
      aria-label={label}
      value={value}
      onChange={(next) => typeof next === 'number' && onChange(next)}
    />
  )
}

/** Paths of properties that hold numbers, or of which nothing is known. */
const numbersOf = ({ groups }: RuleWorld): string[] =>
  groups.flatMap(({ data }) => data.filter(({ type }) => type === 'number').map(({ path }) => path))
