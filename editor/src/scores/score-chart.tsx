import { Text, VisuallyHidden } from '@mantine/core'
import type { ScoreBand } from '../../../engine/model/score.ts'
import { useNow } from '../ui/time.tsx'
import { bandColor } from './band.tsx'

export interface ScorePoint {
  /** ISO time from which on the score was this. */
  at: string
  /** 0 to 100; null: there was none. */
  value: number | null
  band: string | null
}

export interface ScoreChartProps {
  /** Ascending by time. */
  points: readonly ScorePoint[]
  /** Ascending, the first from 0. */
  bands: ReadonlyArray<Pick<ScoreBand, 'name' | 'from'> & { color?: string | null }>
  /** What it is of, for those who do not see it, e.g. “Health of Acme”. */
  label: string
  /** Where the picture ends: ISO time; left out, now. */
  until?: string
  /** Pixels. */
  height?: number
}

const WIDTH = 720
const LEFT = 30
const BOTTOM = 20
const TOP = 6
const DAY_MS = 86_400_000

/**
 * A score over time: steps, since it stays what it is until something changes it, over the bands it went through.
 * The same is there as a table for those who do not see pictures.
 */
export function ScoreChart({ points, bands, label, until, height = 200 }: ScoreChartProps) {
  const now = useNow()
  const known = points.filter((point): point is ScorePoint & { value: number } => point.value !== null)
  const [first] = known
  if (first === undefined)
    return (
      <Text size="sm" c="dimmed">
        There is no score yet.
      </Text>
    )
  const end = until === undefined ? now : Date.parse(until)
  const begin = Math.min(Date.parse(first.at), end - DAY_MS)
  const x = (at: number): number => LEFT + ((at - begin) / (end - begin)) * (WIDTH - LEFT - 8)
  const y = (value: number): number => TOP + (1 - value / 100) * (height - TOP - BOTTOM)
  const last = known.at(-1) ?? first
  return (
    <figure style={{ margin: 0 }}>
      <svg
        viewBox={`0 0 ${WIDTH} ${height}`}
        role="img"
        aria-label={`${label}: ${first.value} at first, ${last.value} now`}
        style={{ width: '100%', height: 'auto', display: 'block' }}
      >
        {bands.map(({ name, from }, index) => {
          const top = y(bands[index + 1]?.from ?? 100)
          return (
            <g key={name}>
              <rect
                x={LEFT}
                y={top}
                width={WIDTH - LEFT - 8}
                height={y(from) - top}
                fill={`var(--mantine-color-${bandColor(bands, name)}-light)`}
              />
              <text x={LEFT - 5} y={y(from) + 3} textAnchor="end" fontSize={10} fill="var(--mantine-color-dimmed)">
                {from}
              </text>
              <text x={LEFT + 6} y={top + 12} fontSize={10} fill="var(--mantine-color-text)" opacity={0.75}>
                {name}
              </text>
            </g>
          )
        })}
        <text x={LEFT - 5} y={y(100) + 7} textAnchor="end" fontSize={10} fill="var(--mantine-color-dimmed)">
          100
        </text>
        <path d={stepsOf(points, { x, y, end })} fill="none" stroke="var(--mantine-color-text)" strokeWidth={1.8} />
        <circle
          cx={x(end)}
          cy={y(last.value)}
          r={4}
          fill={`var(--mantine-color-${bandColor(bands, last.band ?? '')}-filled)`}
          stroke="var(--mantine-color-body)"
        />
        <text x={LEFT} y={height - 5} fontSize={10} fill="var(--mantine-color-dimmed)">
          {day(begin)}
        </text>
        <text x={WIDTH - 8} y={height - 5} textAnchor="end" fontSize={10} fill="var(--mantine-color-dimmed)">
          {day(end)}
        </text>
      </svg>
      <VisuallyHidden>
        <table>
          <caption>{label}</caption>
          <tbody>
            {points.map(({ at, value, band }) => (
              <tr key={`${at} ${value}`}>
                <th scope="row">{at}</th>
                <td>{value ?? 'none'}</td>
                <td>{band ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </figure>
  )
}

interface Scale {
  x: (at: number) => number
  y: (value: number) => number
  end: number
}

/** Level until the next point, then up or down; with a gap where there was none. */
function stepsOf(points: readonly ScorePoint[], { x, y, end }: Scale): string {
  let path = ''
  let drawn: number | null = null
  for (const { at, value } of points) {
    const px = x(Date.parse(at)).toFixed(1)
    if (drawn !== null) path += `H${px}`
    if (value !== null) path += `${drawn === null ? `M${px} ` : 'V'}${y(value).toFixed(1)}`
    drawn = value
  }
  return drawn === null ? path : `${path}H${x(end).toFixed(1)}`
}

const day = (at: number): string =>
  new Date(at).toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' })
