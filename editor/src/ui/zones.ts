import { namedZone, WORKSPACE } from '../../../nodes/time-zone.ts'

/** IANA names that a person may choose. */
export const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone.includes('/'))]

/** The choices of a zone that may be left to the workspace; a named one that this browser does not know stays in them. */
export function zonesWith(of: { named: string | null; workspace: string }): Array<{ value: string; label: string }> {
  const known = of.named === null || ZONES.includes(of.named) ? ZONES : [of.named, ...ZONES]
  return [
    { value: WORKSPACE, label: `That of the workspace (${of.workspace})` },
    ...known.map((zone) => ({ value: zone, label: zone })),
  ]
}

/** `Europe/Berlin` reads as “Berlin time”; one that is left to the workspace says so. */
export function zoneWords(said: unknown, workspace: string): string {
  const named = namedZone(said)
  return named === null ? `${timeWords(workspace)} (workspace)` : timeWords(named)
}

const timeWords = (zone: string): string =>
  zone.includes('/') ? `${zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ')} time` : zone
