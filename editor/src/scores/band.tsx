import type { ScoreBand } from '../../../engine/model/score.ts'

const USUAL = ['red', 'yellow', 'green'] as const

/** The colour a band is drawn in: its own, else by its place between red and green. */
export function bandColor(
  bands: ReadonlyArray<Pick<ScoreBand, 'name'> & { color?: string | null }>,
  name: string,
): string {
  const at = bands.findIndex((band) => band.name === name)
  if (at < 0) return 'gray'
  const own = bands[at]?.color
  if (own !== undefined && own !== null) return own
  const place = bands.length === 1 ? 2 : Math.round((2 * at) / (bands.length - 1))
  return USUAL[place] ?? 'gray'
}

/** A band's name with its colour beside it, never colour alone. */
export function BandName({ bands, name }: { bands: Parameters<typeof bandColor>[0]; name: string | null }) {
  if (name === null) return <span>none</span>
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 6, whiteSpace: 'nowrap' }}>
      <span
        aria-hidden="true"
        style={{
          width: 9,
          height: 9,
          borderRadius: 9,
          flex: 'none',
          background: `var(--mantine-color-${bandColor(bands, name)}-filled)`,
        }}
      />
      {name}
    </span>
  )
}
