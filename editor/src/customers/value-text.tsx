import type { Json } from '../../../nodes/manifest.ts'
import { fullTime } from '../ui/time.tsx'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/

/** Whether a text is an instant as our interfaces and most systems write it. */
export const isTime = (value: string): boolean => TIME.test(value) && !Number.isNaN(Date.parse(value))

/** A value in a line, as a person reads it. */
export function valueWords(value: Json): string {
  if (value === null) return ''
  if (typeof value === 'number') return value.toLocaleString('en', { maximumFractionDigits: 10 })
  if (typeof value === 'boolean') return value ? 'Yes' : 'No'
  if (typeof value === 'string') return isTime(value) ? fullTime(value) : value
  if (Array.isArray(value) && value.every((one) => one === null || typeof one !== 'object'))
    return value.map(valueWords).join(', ')
  return JSON.stringify(value)
}

export function ValueText({ value }: { value: Json }) {
  if (value === null) return <span className="sb-nothing">none</span>
  if (value === '') return <span className="sb-nothing">empty</span>
  const words = valueWords(value)
  return (
    <span
      title={typeof value === 'string' ? value : words}
      className={typeof value === 'object' ? 'sb-mono' : undefined}
    >
      {words}
    </span>
  )
}

/** The type of a value in a word. */
export function typeWord(value: Json): string {
  if (value === null) return 'none'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'string') return isTime(value) || /^\d{4}-\d\d-\d\d$/.test(value) ? 'date' : 'text'
  return typeof value === 'boolean' ? 'yes or no' : typeof value
}
