export type DurationUnit = 'M' | 'H' | 'D' | 'W'
export interface SimpleDuration {
  count: number | null
  unit: DurationUnit
  before: boolean
}

export const UNITS: Array<{ value: DurationUnit; label: string }> = [
  { value: 'M', label: 'minutes' },
  { value: 'H', label: 'hours' },
  { value: 'D', label: 'days' },
  { value: 'W', label: 'weeks' },
]

/** `P3D` as 3 days; null for durations of several parts, which stay as they are written. */
export function simpleDuration(text: string): SimpleDuration | null {
  const match = /^(-)?P(?:(\d+)([WD])|T(\d+)([HM]))$/.exec(text)
  if (match === null) return null
  const [, minus, days, dayUnit, hours, hourUnit] = match
  const unit = (dayUnit ?? hourUnit) as DurationUnit
  return { count: Number(days ?? hours), unit, before: minus !== undefined }
}

/** @returns undefined while no number is given */
export function formatDuration({ count, unit, before }: SimpleDuration): string | undefined {
  if (count === null) return undefined
  const sign = before && count !== 0 ? '-' : ''
  return unit === 'W' || unit === 'D' ? `${sign}P${count}${unit}` : `${sign}PT${count}${unit}`
}
