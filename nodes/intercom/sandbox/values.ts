import { randomBytes } from 'node:crypto'
import type { Json } from '../../manifest.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { badParameter, badRequest } from './vendor-error.ts'

/** The stand-in is one workspace; `id_code` of its app. */
export const WORKSPACE_ID = 'sb0xsand'

/** Contacts and companies have 24 hex digits: 8 of the time, 16 of chance. */
export const hexId = (nowMs: number): string =>
  Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, '0') + randomBytes(8).toString('hex')

export const seconds = (ms: number): number => Math.floor(ms / 1000)

export const isObject = (value: unknown): value is RecordBody =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The request body as an object. @throws VendorError 400 */
export function bodyOf(body: unknown): RecordBody {
  if (body === undefined || body === null) return {}
  if (!isObject(body)) throw badRequest('The request body must be a JSON object')
  return body
}

/** An absent or null value answers undefined. @throws VendorError 400 when it is no text */
export function textOf(body: RecordBody, name: string): string | undefined {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') throw badParameter(`${name} must be a string`)
  return value
}

/** Unknown top-level keys are an error at Intercom too. @throws VendorError 400 */
export function onlyKnown(body: RecordBody, known: Set<string>): void {
  for (const name of Object.keys(body)) if (!known.has(name)) throw badRequest(`bad '${name}' parameter`)
}

/** Intercom wraps bodies of notes and messages in a paragraph. */
export const paragraph = (text: string): string => (text.startsWith('<') ? text : `<p>${text}</p>`)

export const listOf = (data: Json[], url: string): RecordBody => ({
  type: 'list',
  data: data.slice(0, 10),
  url,
  total_count: data.length,
  has_more: data.length > 10,
})
