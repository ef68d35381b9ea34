/** What the stand-ins answer, read with care: their records have whatever fields the vendor's have. */
export type Rec = { [field: string]: unknown }

export const isRecord = (value: unknown): value is Rec =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

export const recordsOf = (value: unknown): Rec[] => (Array.isArray(value) ? value.filter(isRecord) : [])

export function typesOf(value: unknown): string[] {
  const types: unknown = isRecord(value) ? value.recordTypes : null
  return Array.isArray(types) ? types.filter((type) => typeof type === 'string') : []
}

export interface Call {
  id: number
  at: number
  method: string
  path: string
  status: number | null
  ms: number
  fault: unknown
  body: unknown
  response: unknown
}

export function requestsOf(value: unknown): Call[] {
  return recordsOf(value).flatMap((row) => {
    const { id, at, method, path, status, ms, fault, body, response } = row
    if (typeof id !== 'number' || typeof at !== 'number' || typeof method !== 'string' || typeof path !== 'string')
      return []
    return [
      {
        id,
        at,
        method,
        path,
        status: typeof status === 'number' ? status : null,
        ms: typeof ms === 'number' ? Math.round(ms) : 0,
        fault,
        body,
        response,
      },
    ]
  })
}

const FIRST = [
  'name',
  'Name',
  'email',
  'Email',
  'Subject',
  'StageName',
  'Amount',
  'CloseDate',
  'external_id',
  'role',
  'event_name',
  'id',
  'Id',
]
const MOST = 5

/** The few fields a person knows a record by, else the first plain ones. */
export function columnsOf(rows: readonly Rec[]): string[] {
  const seen = new Set(rows.slice(0, 50).flatMap((row) => Object.keys(row).filter((key) => isPlain(row[key]))))
  const known = FIRST.filter((name) => seen.has(name))
  return [...new Set([...known, ...seen])].slice(0, MOST)
}

const isPlain = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

export const wordsOf = (value: unknown): string => {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
