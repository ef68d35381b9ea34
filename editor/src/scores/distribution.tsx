import { Text } from '@mantine/core'
import { bandColor, BandName } from './band.tsx'

interface Counted {
  name: string
  from: number
  color?: string | null
  count: number
}

/** How many are in each band: one bar of shares with a legend that says the numbers. */
export function BandBar({ bands, slim = false }: { bands: readonly Counted[]; slim?: boolean }) {
  const total = bands.reduce((sum, { count }) => sum + count, 0)
  return (
    <div>
      <div
        aria-hidden="true"
        style={{ display: 'flex', height: slim ? 8 : 14, borderRadius: 7, overflow: 'hidden', gap: 1 }}
      >
        {total === 0 && <div style={{ flex: 1, background: 'var(--mantine-color-default-border)' }} />}
        {bands
          .filter(({ count }) => count > 0)
          .map(({ name, count }) => (
            <div
              key={name}
              style={{ flex: count, background: `var(--mantine-color-${bandColor(bands, name)}-filled)` }}
            />
          ))}
      </div>
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: '2px 14px', marginTop: 4 }}>
        {bands.map(({ name, count }) => (
          <Text key={name} size="xs" component="span">
            <BandName bands={bands} name={name} /> <strong>{count.toLocaleString('en')}</strong>
          </Text>
        ))}
      </div>
    </div>
  )
}

const HEIGHT = 120
const WIDE = 44

/** How many have 0 to 10, 10 to 20 … 90 to 100. */
export function TensChart({ tens, label }: { tens: readonly number[]; label: string }) {
  const most = Math.max(1, ...tens)
  const words = tens.map((count, ten) => `${ten * 10} to ${ten * 10 + 10}: ${count}`).join(', ')
  return (
    <svg
      viewBox={`0 0 ${WIDE * 10} ${HEIGHT + 34}`}
      role="img"
      aria-label={`${label}. ${words}`}
      style={{ width: '100%', maxWidth: 560, height: 'auto', display: 'block' }}
    >
      {tens.map((count, ten) => {
        const height = (HEIGHT * count) / most
        return (
          <g key={ten * 10}>
            <rect
              x={ten * WIDE + 3}
              y={16 + HEIGHT - height}
              width={WIDE - 6}
              height={Math.max(height, 1)}
              rx={3}
              fill="var(--mantine-primary-color-filled)"
            />
            {count > 0 && (
              <text
                x={ten * WIDE + WIDE / 2}
                y={11 + HEIGHT - height}
                textAnchor="middle"
                fontSize={11}
                fill="var(--mantine-color-text)"
              >
                {count.toLocaleString('en')}
              </text>
            )}
            <text
              x={ten * WIDE + WIDE / 2}
              y={HEIGHT + 30}
              textAnchor="middle"
              fontSize={10}
              fill="var(--mantine-color-dimmed)"
            >
              {ten * 10}–{ten * 10 + 10}
            </text>
          </g>
        )
      })}
    </svg>
  )
}
