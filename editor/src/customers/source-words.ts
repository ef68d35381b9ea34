import type { Json } from '../../../nodes/manifest.ts'

const isObject = (value: Json | undefined): value is { [name: string]: Json } =>
  value !== null && value !== undefined && typeof value === 'object' && !Array.isArray(value)
const text = (value: Json | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null)

const CALLS: { [call: string]: string } = {
  identify: 'Identify call',
  group: 'Group call',
  alias: 'Alias call',
}

/** Who wrote a value, in a few words: where a change of a property says it came from. */
export function sourceWords(source: Json): string {
  if (!isObject(source)) return 'Unknown'
  // The value stays, such as an account's; who it came by went with them.
  if (source['erased'] === true) return 'By somebody since deleted'
  switch (source['kind']) {
    case 'event':
      return CALLS[text(source['call']) ?? ''] ?? 'Event'
    case 'import':
      return `Import${named(source)}`
    case 'bulk':
      return 'Bulk call'
    case 'api':
      return `API${named(source)}`
    case 'computed':
      return `Computed property${named(source)}`
    case 'merge':
      return source['undone'] === true ? 'Merge, taken back' : 'Merge'
    case 'playbook':
      return `Playbook${named(source)}`
    default:
      return text(source['kind']) ?? 'Unknown'
  }
}

function named(source: { [name: string]: Json }): string {
  const name = text(source['name']) ?? text(source['slug']) ?? text(source['playbook']) ?? text(source['actor'])
  return name === null ? '' : ` “${name}”`
}

/** What tells one writing from another: an event's message, a merge, an import. */
export function sourceDetail(source: Json): string | null {
  if (!isObject(source)) return null
  const id = text(source['messageId'])
  return id === null ? null : `message ${id}`
}
