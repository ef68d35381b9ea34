import type { Window } from '../../../../engine/model/rule.ts'
import { DurationInput } from '../../inspector/duration-input.tsx'
import { type WindowKind, windowKind, windowOf } from '../window-model.ts'
import { Choice } from './choice.tsx'
import { PeriodInput } from './period-input.tsx'

const KINDS: Array<{ value: WindowKind; label: string }> = [
  { value: 'ever', label: 'ever' },
  { value: 'rolling', label: 'in the last' },
  { value: 'calendar', label: 'in the calendar' },
]
const BOUNDED = KINDS.filter(({ value }) => value !== 'ever')

/** When: ever, in a rolling window up to now, or in periods of a calendar. */
export function WindowInput(props: {
  value: Window | undefined
  onChange: (value: Window | undefined) => void
  zone: string
  /** There must be one. */
  needed?: true
}) {
  const { value, onChange, zone, needed } = props
  return (
    <>
      <Choice
        label="When"
        width={122}
        data={needed === true ? BOUNDED : KINDS}
        value={windowKind(value)}
        onChange={(kind) => onChange(windowOf(kind, zone))}
      />
      {typeof value === 'string' && (
        <DurationInput size="xs" aria-label="Window" value={value} onChange={(next) => onChange(next ?? '')} />
      )}
      {typeof value === 'object' && <PeriodInput value={value} onChange={onChange} />}
    </>
  )
}
