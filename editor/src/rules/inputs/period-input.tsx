import { CALENDAR_UNITS, type CalendarWindow } from '../../../../engine/model/rule.ts'
import { type PeriodEnd, periodEnd, withPeriod } from '../window-model.ts'
import { Choice } from './choice.tsx'
import { NumberBox } from './number-input.tsx'
import { ZoneInput } from './zone-input.tsx'

const AGO: { [end in PeriodEnd]: number } = { now: 0, last: 1, ago: 2 }

/** Periods of a calendar in a zone: how many, of what, and which is the newest of them. */
export function PeriodInput({ value, onChange }: { value: CalendarWindow; onChange: (value: CalendarWindow) => void }) {
  const { calendar, count = 1, zone } = value
  const many = count === 1 ? '' : 's'
  const end = periodEnd(value)
  return (
    <>
      <NumberBox
        label="How many periods"
        width={48}
        whole
        min={1}
        value={count}
        onChange={(next) => onChange(withPeriod(value, { count: next ?? 1 }))}
      />
      <Choice
        label="Period"
        width={98}
        data={CALENDAR_UNITS.map((unit) => ({ value: unit, label: unit + many }))}
        value={calendar}
        onChange={(unit) => onChange({ ...value, calendar: unit })}
      />
      <Choice
        label="Which periods"
        width={166}
        data={[
          { value: 'now', label: 'with the one that runs' },
          { value: 'last', label: 'before the one that runs' },
          { value: 'ago', label: 'further back' },
        ]}
        value={end}
        onChange={(next) => onChange(withPeriod(value, { ago: AGO[next] }))}
      />
      {end === 'ago' && (
        <NumberBox
          label="Periods back"
          width={48}
          whole
          min={2}
          value={value.ago}
          onChange={(ago) => onChange(withPeriod(value, { ago: ago ?? 2 }))}
        />
      )}
      <ZoneInput value={zone} onChange={(next) => onChange({ ...value, zone: next })} />
    </>
  )
}
