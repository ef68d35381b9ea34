import type { Count } from '../../../../engine/model/rule.ts'
import { COUNT_WORDS } from '../../../../engine/rules/explain.ts'
import { Choice } from './choice.tsx'
import { NumberBox } from './number-input.tsx'

const NAMES = Object.entries(COUNT_WORDS).map(([value, label]) => ({ value: value as Count['op'], label }))

/** How often, or how many. */
export function CountInput(props: { value: Count; onChange: (value: Count) => void; unit: string }) {
  const { value, onChange, unit } = props
  return (
    <span className="sb-rule-piece">
      <Choice
        label="How many"
        width={104}
        data={NAMES}
        value={value.op}
        onChange={(op) => onChange({ ...value, op })}
      />
      <NumberBox
        label={unit === 'times' ? 'Times' : `Number of ${unit}`}
        width={56}
        whole
        min={0}
        value={value.value}
        // Nothing is 0 only where somebody says so.
        onChange={(next) => onChange({ ...value, value: next ?? Number.NaN })}
      />
      <span>{unit}</span>
    </span>
  )
}

/** `is more than`, for figures. */
export const COMPARED: Array<{ value: Count['op']; label: string }> = [
  { value: 'gt', label: 'is more than' },
  { value: 'gte', label: 'is at least' },
  { value: 'lt', label: 'is less than' },
  { value: 'lte', label: 'is at most' },
  { value: 'eq', label: 'is' },
]
