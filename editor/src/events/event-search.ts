export const EVENT_KINDS = ['track', 'identify', 'group', 'page', 'screen', 'alias'] as const
export const EVENT_STATUSES = ['done', 'pending', 'refused'] as const

/** Which events the page shows, as it stands in its address. */
export interface EventSearch {
  subject?: string
  name?: string
  kind?: (typeof EVENT_KINDS)[number]
  status?: (typeof EVENT_STATUSES)[number]
}

/** What of an address is a filter; anything else in it says nothing. */
export function eventSearch(search: { [key: string]: unknown }): EventSearch {
  const subject = text(search.subject)
  const name = text(search.name)
  const kind = EVENT_KINDS.find((one) => one === search.kind)
  const status = EVENT_STATUSES.find((one) => one === search.status)
  return {
    ...(subject !== undefined && { subject }),
    ...(name !== undefined && { name }),
    ...(kind !== undefined && { kind }),
    ...(status !== undefined && { status }),
  }
}

/** A number in an address is text that looks like one. */
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
