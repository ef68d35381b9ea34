/** In the place of a time zone: that of the workspace, whichever it is then. Left out it means the same. */
export const WORKSPACE = 'workspace'

/** Whether the IANA time zone is known to this runtime, whose tables Temporal and the browser share. */
export function isTimeZone(name: string): boolean {
  if (name === 'UTC') return true
  if (!name.includes('/')) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Whether it says which zone is meant: one by its name, or the workspace's. */
export const meansZone = (text: string): boolean => text === WORKSPACE || isTimeZone(text)

/** What to write where `meansZone` is false. */
export const ZONE_WORDS =
  'Write an IANA time zone, such as Europe/Berlin, America/New_York or UTC, or “workspace” for that of the workspace.'

/** The zone that is named; null: the workspace's. @param said checked by `meansZone` before */
export const namedZone = (said: unknown): string | null =>
  typeof said === 'string' && said !== '' && said !== WORKSPACE ? said : null
