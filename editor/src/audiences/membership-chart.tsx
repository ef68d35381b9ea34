import { Text, VisuallyHidden } from '@mantine/core'
import type { AudienceHistory } from '../../../api/audiences/audience-schemas.ts'
import './audiences.css'

type Day = AudienceHistory['days'][number]

const WIDTH = 1000
const LEFT = 44
const RIGHT = 8
/** Of the size above, and of the comings and goings below. */
const SIZE = { top: 10, height: 130 }
const FLOW = { top: 158, height: 56 }
const HEIGHT = 232

/** How many were in it each day, and who came and went; the same as a table for those who do not see pictures. */
export function MembershipChart({ days, label }: { days: readonly Day[]; label: string }) {
  const most = niceTop(Math.max(1, ...days.map(({ size }) => size)))
  const flow = Math.max(1, ...days.flatMap(({ entered, left }) => [entered, left]))
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, days.length)
  const x = (index: number): number => LEFT + index * step
  const y = (size: number): number => SIZE.top + (1 - size / most) * SIZE.height
  const middle = FLOW.top + FLOW.height / 2
  const tall = (count: number): number => (count / flow) * (FLOW.height / 2 - 2)
  const width = Math.max(0.8, Math.min(14, step * 0.7))
  const first = days[0]
  const last = days.at(-1)
  if (first === undefined || last === undefined) return null
  return (
    <figure className="sb-chart">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${label}: ${first.size} at the end of ${first.day}, ${last.size} now`}
      >
        {[0, most / 2, most].map((mark) => (
          <g key={mark}>
            <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(mark)} y2={y(mark)} className="sb-chart-grid" />
            {(most > 1 || mark !== most / 2) && (
              <text x={LEFT - 6} y={y(mark) + 3} textAnchor="end" className="sb-chart-text">
                {shortNumber(mark)}
              </text>
            )}
          </g>
        ))}
        <path d={area(days, { x, y, step, floor: y(0) })} className="sb-chart-area" />
        <path d={line(days, { x, y, step })} className="sb-chart-line" />
        <line x1={LEFT} x2={WIDTH - RIGHT} y1={middle} y2={middle} className="sb-chart-grid" />
        {days.map(({ day, entered, left }, index) => (
          <g key={day}>
            <title>{`${day}: ${entered} in, ${left} out`}</title>
            <rect x={x(index)} y={FLOW.top} width={step} height={FLOW.height} fill="transparent" />
            {entered > 0 && (
              <rect
                x={x(index) + (step - width) / 2}
                y={middle - tall(entered)}
                width={width}
                height={tall(entered)}
                className="sb-chart-in"
              />
            )}
            {left > 0 && (
              <rect
                x={x(index) + (step - width) / 2}
                y={middle}
                width={width}
                height={tall(left)}
                className="sb-chart-out"
              />
            )}
          </g>
        ))}
        <text x={LEFT - 6} y={FLOW.top + 10} textAnchor="end" className="sb-chart-text">
          in
        </text>
        <text x={LEFT - 6} y={FLOW.top + FLOW.height - 3} textAnchor="end" className="sb-chart-text">
          out
        </text>
        <text x={LEFT} y={HEIGHT - 4} className="sb-chart-text">
          {dayWords(first.day)}
        </text>
        <text x={WIDTH - RIGHT} y={HEIGHT - 4} textAnchor="end" className="sb-chart-text">
          {dayWords(last.day)}
        </text>
      </svg>
      <Table days={days} label={label} />
    </figure>
  )
}

function Table({ days, label }: { days: readonly Day[]; label: string }) {
  return (
    <VisuallyHidden>
      <table>
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col">Entered</th>
            <th scope="col">Left</th>
            <th scope="col">Size</th>
          </tr>
        </thead>
        <tbody>
          {days.map(({ day, entered, left, size }) => (
            <tr key={day}>
              <th scope="row">{day}</th>
              <td>{entered}</td>
              <td>{left}</td>
              <td>{size}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </VisuallyHidden>
  )
}

/** Who came and went in all, in words. */
export function FlowWords({ days }: { days: readonly Day[] }) {
  const entered = days.reduce((sum, day) => sum + day.entered, 0)
  const left = days.reduce((sum, day) => sum + day.left, 0)
  return (
    <Text size="sm" c="dimmed">
      {entered.toLocaleString('en')} in, {left.toLocaleString('en')} out
    </Text>
  )
}

interface Scale {
  x: (index: number) => number
  y: (size: number) => number
  step: number
}

/** A step a day: it is a count at the end of each, not something between two. */
const line = (days: readonly Day[], { x, y, step }: Scale): string =>
  days
    .map(
      ({ size }, index) =>
        `${index === 0 ? `M${x(0).toFixed(1)} ` : 'V'}${y(size).toFixed(1)}H${(x(index) + step).toFixed(1)}`,
    )
    .join('')

const area = (days: readonly Day[], scale: Scale & { floor: number }): string =>
  `${line(days, scale)}V${scale.floor}H${LEFT}Z`

/** The next of 1, 2, 4, 10, 20, 40 …, whose half is whole as well from 2 on. */
function niceTop(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((top) => top >= most) ?? most
}

const compact = new Intl.NumberFormat('en', { notation: 'compact' })
const shortNumber = (value: number): string => compact.format(value)
const dayWords = (day: string): string =>
  new Date(`${day}T00:00:00Z`).toLocaleDateString('en', {
    timeZone: 'UTC',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  })
