import type { Json } from '../../../nodes/manifest.ts'

interface Read {
  value: number | null
  band: string | null
}

function readScore(score: Json): Read {
  if (score === null || typeof score !== 'object' || Array.isArray(score)) return { value: null, band: null }
  const { value, band } = score
  return { value: typeof value === 'number' ? value : null, band: typeof band === 'string' ? band : null }
}

const toneOf = (value: number | null): 'idle' | 'good' | 'warn' | 'bad' =>
  value === null ? 'idle' : value >= 70 ? 'good' : value >= 40 ? 'warn' : 'bad'

/** A score's number and band. The band's name says what the colour says. */
export function ScoreBadge({ value: score, name }: { value: Json; name?: string }) {
  const { value, band } = readScore(score)
  return (
    <span className="sb-badge" data-tone={toneOf(value)}>
      {name !== undefined && <span style={{ fontWeight: 500 }}>{name}</span>}
      {value === null ? '–' : Math.round(value)}
      {band !== null && <span style={{ fontWeight: 500 }}>{band}</span>}
    </span>
  )
}
