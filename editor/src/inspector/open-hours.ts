import { WEEKDAYS, type Weekday } from '../../../engine/model/business-hours.ts'
import type { Json } from '../../../nodes/manifest.ts'

/** One window of the week, as the input of a wait holds it, while it is edited. */
export interface Window {
  days: Weekday[]
  from: string
  to: string
}

const DAY_WORDS: { [day in Weekday]: string } = {
  mon: 'Mon',
  tue: 'Tue',
  wed: 'Wed',
  thu: 'Thu',
  fri: 'Fri',
  sat: 'Sat',
  sun: 'Sun',
}

export const dayWord = (day: Weekday): string => DAY_WORDS[day]

const isDay = (day: Json): day is Weekday => WEEKDAYS.some((known) => known === day)

/** The windows of a wait; parts that are none are left out of the drawing (compile names them). */
export function windowsOf(value: Json | undefined): Window[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((item) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item)) return []
    const { days, from, to } = item
    if (typeof from !== 'string' || typeof to !== 'string') return []
    return [{ days: Array.isArray(days) ? days.filter(isDay) : [], from, to }]
  })
}

/** The days in their order of the week, whichever was chosen first. */
export const withDays = (window: Window, days: readonly string[]): Window => ({
  ...window,
  days: WEEKDAYS.filter((day) => days.includes(day)),
})

/** `Mon–Fri 09:00–17:00`: days that follow each other as a span. */
export function windowWords({ days, from, to }: Window): string {
  const spans: Weekday[][] = []
  for (const day of WEEKDAYS.filter((one) => days.includes(one))) {
    const last = spans.at(-1)
    const before = last?.at(-1)
    if (last && before && WEEKDAYS.indexOf(day) === WEEKDAYS.indexOf(before) + 1) last.push(day)
    else spans.push([day])
  }
  const words = spans.map((span) => {
    const [first = 'mon'] = span
    const end = span.at(-1) ?? first
    return span.length > 2 ? `${dayWord(first)}–${dayWord(end)}` : span.map(dayWord).join(', ')
  })
  return `${words.join(', ')} ${from}–${to}`.trim()
}
