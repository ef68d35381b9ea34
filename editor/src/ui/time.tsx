import { Text, Tooltip } from '@mantine/core'
import { useSyncExternalStore } from 'react'

export type When = string | number | Date

/** One clock for all relative times of the page, so that they tick together. */
let now = Date.now()
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
const subscribe = (listener: () => void) => {
  // While nobody looked it stood still.
  if (listeners.size === 0) now = Date.now()
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const tell of listeners) tell()
  }, 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }
}
const read = () => now

/** The current second, for pages that show how long something takes. */
export const useNow = (): number => useSyncExternalStore(subscribe, read)

const UNITS: Array<[unit: Intl.RelativeTimeFormatUnit, seconds: number]> = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' })
const short = new Intl.DateTimeFormat('en', { weekday: 'short', hour: '2-digit', minute: '2-digit', hour12: false })
const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })

export const fullTime = (when: When): string => absolute.format(new Date(when))
export const clockTime = (when: When): string => clock.format(new Date(when))

/** `Tue 09:00` within a week, else the date: for things still to come. */
export function untilWords(when: When): string {
  const at = new Date(when)
  return Math.abs(at.getTime() - Date.now()) < 6.5 * 86_400_000 ? short.format(at) : date.format(at)
}

export function ago(when: When, at: number): string {
  const seconds = (new Date(when).getTime() - at) / 1000
  for (const [unit, size] of UNITS)
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit)
  return Math.abs(seconds) < 10 ? 'just now' : relative.format(Math.trunc(seconds), 'second')
}

/** `3 minutes ago`, with the exact time on hover and for assistive technology. */
export function Ago({ when }: { when: When }) {
  const at = useNow()
  return (
    <Tooltip label={fullTime(when)}>
      <time dateTime={new Date(when).toISOString()}>{ago(when, at)}</time>
    </Tooltip>
  )
}

/** `Nov 22, 2026, 3:48:12 AM` in the reader's own zone; the instant itself, to the millisecond, is its title. */
export function ExactTime({ when }: { when: When }) {
  const instant = new Date(when).toISOString()
  return (
    <time dateTime={instant} title={instant}>
      {fullTime(when)}
    </time>
  )
}

/** `3 minutes ago` in a table, where it stands back. */
export function DimAgo({ when }: { when: When }) {
  return (
    <Text size="sm" c="dimmed" component="div">
      <Ago when={when} />
    </Text>
  )
}

export function spanWords(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}
