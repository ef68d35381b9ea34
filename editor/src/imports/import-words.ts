import type { ColumnTarget, ImportRow } from '../api/types.ts'

type Kind = ImportRow['kind']

/** What the rows of a file can be, in words. */
export const KINDS: ReadonlyArray<{ value: Kind; label: string; help: string }> = [
  { value: 'contacts', label: 'Contacts', help: 'A person a row: user id or e-mail, name, properties, their account.' },
  { value: 'accounts', label: 'Accounts', help: 'A company a row: your own id of it, name, properties.' },
  { value: 'events', label: 'Events', help: 'A happening a row: who, what and when.' },
]

const TARGETS: Record<Kind, Array<{ value: ColumnTarget['to']; label: string }>> = {
  contacts: [
    { value: 'userId', label: 'User id' },
    { value: 'email', label: 'E-mail' },
    { value: 'anonymousId', label: 'Anonymous id' },
    { value: 'name', label: 'Name' },
    { value: 'groupId', label: 'Account id' },
  ],
  accounts: [
    { value: 'groupId', label: 'Account id' },
    { value: 'name', label: 'Name' },
  ],
  events: [
    { value: 'userId', label: 'User id' },
    { value: 'anonymousId', label: 'Anonymous id' },
    { value: 'event', label: 'Name of the event' },
    { value: 'timestamp', label: 'When it happened' },
    { value: 'groupId', label: 'Account id' },
  ],
}

/** What a column can be for. */
export const targetsOf = (kind: Kind) => [
  ...TARGETS[kind],
  { value: 'property' as const, label: 'A property' },
  { value: 'skip' as const, label: 'Leave out' },
]

export const TYPES = [
  { value: 'text', label: 'Text' },
  { value: 'number', label: 'Number' },
  { value: 'boolean', label: 'Yes or no' },
  { value: 'date', label: 'Date' },
  { value: 'list', label: 'List (a; b)' },
] as const

export const DATES = [
  { value: 'iso', label: '2026-03-31' },
  { value: 'day-first', label: '31.3.2026' },
  { value: 'month-first', label: '3/31/2026' },
] as const

export const count = (n: number): string => n.toLocaleString('en')
export const rows = (n: number): string => `${count(n)} ${n === 1 ? 'row' : 'rows'}`

export function fileSize(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1000))} KB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}

export function timeLeft(seconds: number): string {
  if (seconds < 60) return 'less than a minute left'
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `about ${minutes} min left` : `about ${Math.round(minutes / 60)} h left`
}
