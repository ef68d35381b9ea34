/** Tables and goals: what every bench prints. */

export type Goal = { atMost: number } | { atLeast: number }

/** One measured figure beside what it should be. */
export interface Figure {
  name: string
  value: number
  unit: string
  goal?: Goal
  /** n8n 2.41.1 with its defaults, on a machine of this size; the same unit. */
  n8n?: number | [low: number, high: number]
  /** The same with its legacy expression engine. */
  n8nTuned?: number | [low: number, high: number]
  note?: string
}

export interface Report {
  title: string
  figures: Figure[]
  /** Printed below the table as they are. */
  details: string[]
}

/** @returns null where there is no goal; `by` is the part of the goal that is missing, 0 when it is met */
export function missedBy({ value, goal }: Pick<Figure, 'value' | 'goal'>): number | null {
  if (goal === undefined) return null
  const short = 'atMost' in goal ? value / goal.atMost - 1 : 1 - value / goal.atLeast
  // A figure that is not a number was not measured, which is no way to meet a goal.
  return Number.isNaN(short) ? Number.POSITIVE_INFINITY : Math.max(0, short)
}

export function printReport({ title, figures, details }: Report): void {
  console.log(`\n${title}`)
  const header = ['', 'Signalbox', 'goal', '', 'n8n', 'ratio', 'n8n tuned', 'ratio']
  printTable([header, ...figures.map(rowOf)])
  for (const line of details) console.log(line)
}

export function printTable(rows: readonly (readonly string[])[]): void {
  const used = (rows[0] ?? []).map((_, at) => at).filter((at) => rows.slice(1).some((row) => (row[at] ?? '') !== ''))
  const widths = used.map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  for (const row of rows) {
    const cells = used.map((at, i) => {
      const text = row[at] ?? ''
      return i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0)
    })
    console.log(`  ${cells.join('   ').trimEnd()}`)
  }
}

function rowOf(figure: Figure): string[] {
  const { name, value, unit, goal, n8n, n8nTuned, note } = figure
  return [
    note === undefined ? name : `${name} (${note})`,
    `${shown(value)} ${unit}`.trim(),
    goal === undefined ? '' : 'atMost' in goal ? `≤ ${shown(goal.atMost)}` : `≥ ${shown(goal.atLeast)}`,
    verdict(figure),
    span(n8n),
    ratio(figure, n8n),
    span(n8nTuned),
    ratio(figure, n8nTuned),
  ]
}

function verdict(figure: Figure): string {
  const missed = missedBy(figure)
  if (missed === null) return ''
  return missed === 0 ? 'met' : `MISSED by ${(missed * 100).toFixed(missed < 0.1 ? 1 : 0)}%`
}

const span = (other: Figure['n8n']): string =>
  other === undefined ? '' : typeof other === 'number' ? shown(other) : `${shown(other[0])}–${shown(other[1])}`

/** How much better ours is: above 1 is better, whichever way the figure counts. Of a span, against its better end. */
function ratio({ value, goal, unit }: Figure, other: Figure['n8n']): string {
  if (other === undefined) return ''
  const lessIsBetter = goal === undefined ? !unit.includes('/s') : 'atMost' in goal
  const [low, high] = typeof other === 'number' ? [other, other] : other
  return `${(lessIsBetter ? low / value : value / high).toFixed(2)}×`
}

export function shown(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Number.isInteger(value)) return value.toLocaleString('en-US')
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** @param share 0.5 is the median */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  // The nearest rank: with few values an interpolated p95 would be one that never happened.
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)
