import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { ArrowDown, ArrowUp, Plus } from 'lucide-react'
import type { SequenceRule } from '../../../../engine/model/rule.ts'
import { MOST_SEQUENCE_STEPS } from '../../../../engine/rules/check.ts'
import { DurationInput } from '../../inspector/duration-input.tsx'
import { type ConditionKind, type Part, whereOf } from '../condition-kind.ts'
import { Choice } from '../inputs/choice.tsx'
import { EventFilters, EventName } from '../inputs/event-input.tsx'
import { WindowInput } from '../inputs/window-input.tsx'
import { Remove } from '../remove.tsx'
import type { RuleWorld } from '../rule-model.ts'
import { withWindow } from '../window-model.ts'

type Step = SequenceRule['sequence'][number]

const FEWEST = 2

function Body({ rule, onChange, world }: Part<SequenceRule>) {
  const steps = rule.sequence
  const set = (sequence: Step[]) => onChange({ ...rule, sequence })
  const move = (index: number, by: number) => {
    const [moved] = steps.slice(index, index + 1)
    if (moved !== undefined) set(steps.toSpliced(index, 1).toSpliced(index + by, 0, moved))
  }
  return (
    <>
      <ol className="sb-rule-steps">
        {steps.map((step, index) => (
          // A step of a sequence has no identity but its place.
          <SequenceStep
            key={index}
            step={step}
            place={index + 1}
            of={steps.length}
            world={world}
            onChange={(next) => set(steps.toSpliced(index, 1, next))}
            onMove={(by) => move(index, by)}
            onRemove={() => set(steps.toSpliced(index, 1))}
          />
        ))}
      </ol>
      {steps.length < MOST_SEQUENCE_STEPS && (
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<Plus size={13} aria-hidden="true" />}
          onClick={() => set([...steps, { event: '' }])}
        >
          Then…
        </Button>
      )}
      <WindowInput
        value={rule.within}
        zone={world.timeZone}
        onChange={(within) => onChange(withWindow(rule, within))}
      />
      <SpanInput rule={rule} onChange={onChange} />
    </>
  )
}

function SequenceStep(props: {
  step: Step
  place: number
  of: number
  world: RuleWorld
  onChange: (step: Step) => void
  onMove: (by: number) => void
  onRemove: () => void
}) {
  const { step, place, of, world, onChange, onMove, onRemove } = props
  return (
    <li className="sb-rule-step" aria-label={`Step ${place}`}>
      <div className="sb-rule-filter">
        <span>{place === 1 ? 'first' : 'then'}</span>
        <EventName
          value={step.event}
          world={world}
          label={`Event ${place}`}
          onChange={(event) => onChange({ ...step, event })}
        />
        <Move label={`Move event ${place} up`} icon={ArrowUp} disabled={place === 1} onClick={() => onMove(-1)} />
        <Move label={`Move event ${place} down`} icon={ArrowDown} disabled={place === of} onClick={() => onMove(1)} />
        {of > FEWEST && <Remove label={`Remove event ${place}`} onClick={onRemove} />}
      </div>
      <EventFilters rule={step} event={step.event} world={world} onChange={onChange} />
    </li>
  )
}

function Move(props: { label: string; icon: typeof ArrowUp; disabled: boolean; onClick: () => void }) {
  const { label, icon: Icon, disabled, onClick } = props
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="md" aria-label={label} disabled={disabled} onClick={onClick}>
        <Icon size={15} />
      </ActionIcon>
    </Tooltip>
  )
}

function SpanInput({ rule, onChange }: { rule: SequenceRule; onChange: (rule: SequenceRule) => void }) {
  const { span, ...open } = rule
  return (
    <span className="sb-rule-piece">
      <Choice
        label="How long it may take"
        width={178}
        data={[
          { value: 'open', label: 'however long it took' },
          { value: 'span', label: 'from first to last within' },
        ]}
        value={span === undefined ? 'open' : 'span'}
        onChange={(kind) => onChange(kind === 'open' ? open : { ...rule, span: 'P1D' })}
      />
      {span !== undefined && (
        <DurationInput
          size="xs"
          aria-label="Longest time from first to last"
          value={span}
          onChange={(next) => onChange({ ...rule, span: next ?? '' })}
        />
      )}
    </span>
  )
}

/** Events in their order. */
export const sequenceCondition: ConditionKind<SequenceRule> = {
  label: 'Sequence',
  fresh: (_, told) => ({
    sequence: [{ event: told.event, ...whereOf(told) }, { event: '' }],
    within: told.within ?? 'P30D',
  }),
  Body,
}
