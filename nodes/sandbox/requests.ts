import type { DatabaseSync } from 'node:sqlite'
import type { Json } from '../manifest.ts'

/** One call a client made, as people and tests see it. Secrets are blanked before it is stored. */
export interface LoggedRequest {
  id: number
  /** Arrival, milliseconds since 1970. */
  at: number
  method: string
  /** As called, with the app's prefix. */
  path: string
  query: string
  /** null: the connection was dropped without an answer. */
  status: number | null
  /** Milliseconds from arrival to answer. */
  ms: number
  /** The fault that was applied, if any. */
  fault: Json
  headers: { [name: string]: string }
  body: Json
  response: Json
}

export interface RequestLog {
  /** Ids rise in order of arrival, also across restarts. */
  nextId(): number
  add(entry: LoggedEntry): void
  /** Newest first; `before` is an id. */
  newest(page: { limit: number; before?: number }): LoggedRequest[]
  clear(): void
}

export type LoggedEntry = Omit<LoggedRequest, 'response' | 'body' | 'headers'> & {
  headers: { [name: string]: string | string[] | undefined }
  body: unknown
  /** The answer as sent. */
  response: string | null
}

const KEEP = 100_000
const TRIM_EVERY = 1_000
const LONGEST_BODY = 65_536
const SECRET_NAMES = /^(access_?token|refresh_?token|token|client_?secret|password|code_?verifier|assertion|code)$/i
const SECRET_HEADERS = new Set(['authorization', 'cookie', 'proxy-authorization'])
const QUICK_LOOK = /token|secret|password/i
const BLANK = '[redacted]'

/** Keeps the newest 100,000 calls of an app. */
export function requestLog(sqlite: DatabaseSync, app: string): RequestLog {
  const insert = sqlite.prepare(`insert into request
    (id, app, at, method, path, query, status, ms, fault, request_headers, request_body, response_body)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const select = sqlite.prepare('select * from request where app = ? and id < ? order by id desc limit ?')
  const trim = sqlite.prepare(`delete from request where app = ? and id <=
    (select id from request where app = ? order by id desc limit 1 offset ${KEEP})`)
  const wipe = sqlite.prepare('delete from request where app = ?')
  const last = sqlite.prepare('select coalesce(max(value), 0) as value from counter where app = ? and name = ?')
  const keepLast = sqlite.prepare(`insert into counter (app, name, value) values (?, ?, ?)
    on conflict (app, name) do update set value = excluded.value`)
  // Ids are reserved in blocks, so that arrival order costs no write per call; the key is shared by all apps.
  let reserved = Number(last.get('', 'request')?.value)
  let id = reserved
  const reserve = () => {
    reserved = Math.max(reserved, Number(last.get('', 'request')?.value)) + TRIM_EVERY
    id = reserved - TRIM_EVERY
    keepLast.run('', 'request', reserved)
    trim.run(app, app)
  }
  return {
    nextId: () => {
      if (id === reserved) reserve()
      id += 1
      return id
    },
    add: (entry) => {
      const { id: entryId, at, method, path, status, ms } = entry
      const sent = entry.response === null ? null : answerText(entry.response)
      const headers = JSON.stringify(blankHeaders(entry.headers))
      const fault = entry.fault === null ? null : JSON.stringify(entry.fault)
      insert.run(
        entryId,
        app,
        at,
        method,
        path,
        blankQuery(entry.query),
        status,
        ms,
        fault,
        headers,
        bodyText(entry.body),
        sent,
      )
    },
    newest: ({ limit, before }) => select.all(app, before ?? Number.MAX_SAFE_INTEGER, limit).map(asLogged),
    clear: () => {
      wipe.run(app)
    },
  }
}

function asLogged(row: { [name: string]: unknown }): LoggedRequest {
  return {
    id: Number(row.id),
    at: Number(row.at),
    method: String(row.method),
    path: String(row.path),
    query: String(row.query),
    status: row.status === null ? null : Number(row.status),
    ms: Number(row.ms),
    fault: parsed(row.fault),
    headers: JSON.parse(String(row.request_headers)) as { [name: string]: string },
    body: parsed(row.request_body),
    response: parsed(row.response_body),
  }
}

/** JSON where it is JSON, else the text (HTML pages, plain answers). */
function parsed(text: unknown): Json {
  if (typeof text !== 'string') return null
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

const blank = (name: string, value: unknown): unknown =>
  SECRET_NAMES.test(name) && typeof value === 'string' ? BLANK : value

function bodyText(body: unknown): string | null {
  if (body === undefined || body === null) return null
  const text = JSON.stringify(body)
  const safe = QUICK_LOOK.test(text) || text.includes('"code"') ? JSON.stringify(body, blank) : text
  return safe.slice(0, LONGEST_BODY)
}

/** Only tokens are blanked in answers: `code` there is an error code. */
function answerText(text: string): string {
  if (!QUICK_LOOK.test(text)) return text.slice(0, LONGEST_BODY)
  try {
    const secret = (name: string, value: unknown) => (name === 'code' ? value : blank(name, value))
    return JSON.stringify(JSON.parse(text), secret).slice(0, LONGEST_BODY)
  } catch {
    return text.slice(0, LONGEST_BODY)
  }
}

function blankQuery(query: string): string {
  if (!QUICK_LOOK.test(query) && !query.includes('code=')) return query
  const values = new URLSearchParams(query)
  for (const name of new Set(values.keys())) if (SECRET_NAMES.test(name)) values.set(name, BLANK)
  return values.toString()
}

function blankHeaders(headers: LoggedEntry['headers']): { [name: string]: string } {
  const kept: { [name: string]: string } = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) kept[name] = SECRET_HEADERS.has(name) ? BLANK : String(value)
  return kept
}
