/** What a document may ask for at most: where it is read at the borders, and where it is compiled. */

/** Of the key by which entry goes: a path of what the trigger brings. */
export const ENTRY_KEY_PATTERN = /^trigger(\.[^.{}]+)+$/
/** Runs of one subject that wait for their turn. */
export const MOST_IN_LINE = 1000
/** Existing members that enter in a minute. */
export const MOST_PER_MINUTE = 10_000
