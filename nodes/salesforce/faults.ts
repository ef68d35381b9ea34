import { FaultError, type Fault, type FaultActor, type FaultCode } from '../fault.ts'

/** One refusal as Salesforce words it, whether it came as an answer's body or inside a collection's result. */
export interface VendorError {
  code: string
  message: string
  fields: string[]
  /** Ids named by a duplicate rule, where it named some. */
  matches: string[]
}

/** A refused call: what is needed to tell what it means. */
export interface RefusedCall {
  method: string
  status: number
  /** The body as it came. */
  body: string
  /** The Retry-After header, where some proxy on the way sent one: Salesforce itself does not. */
  retryAfter?: string | undefined
  /** Now, in ms since 1970: a Retry-After may be a date. */
  now: number
}

type Row = { code: FaultCode; who: FaultActor; fix: string }

const row = (code: FaultCode, who: FaultActor, fix: string): Row => ({ code, who, fix })

const FIX_MAPPING = "Correct the step's values to what the Salesforce field takes."
const FIX_FIELD = 'Use the API name of a field that exists in Salesforce and that the connected user may see.'
const FIX_ACCESS = 'Give the connected Salesforce user access to the record, its owner and its fields.'
const FIX_WAIT = 'Nothing to do: Signalbox tries again shortly.'
const FIX_RECORD = 'Change the record in Salesforce, or point the step at another one.'
const FIX_RECONNECT = 'Reconnect Salesforce in Connections.'
const FIX_API = 'Ask a Salesforce administrator to allow API access for this org, then try again.'

const busy = row('VENDOR_BUSY', 'vendor', FIX_WAIT)
const mapping = row('INVALID_INPUT', 'user', FIX_MAPPING)
const field = row('INVALID_INPUT', 'user', FIX_FIELD)
const access = row('FORBIDDEN', 'user', FIX_ACCESS)
const gone = row(
  'NOT_FOUND',
  'user',
  'Check that the record still exists in Salesforce, then link or name another one.',
)
const expired = row('AUTH_EXPIRED', 'user', FIX_RECONNECT)
const refused = row('INVALID_INPUT', 'user', FIX_RECORD)
const noApi = row('CONFIGURATION', 'user', FIX_API)
const noExternalId = row(
  'CONFIGURATION',
  'user',
  'Mark the field as "External ID" and "Unique" in Salesforce and let the connected user see it, or name another field.',
)
const ours = row('INTERNAL', 'signalbox', 'Report this to the maintainers of Signalbox with the text above.')

/**
 * The one table from Salesforce's error codes to faults. Codes are those of `errorCode` and `statusCode` in the REST
 * API Developer Guide ("Status Codes and Error Responses") and of OAuth's `error`.
 */
const CODES: { [vendorCode: string]: Row } = {
  // The grant.
  INVALID_SESSION_ID: expired,
  INVALID_AUTH_HEADER: expired,
  Bad_OAuth_Token: expired,
  Missing_OAuth_Token: expired,
  invalid_grant: expired,
  // Busy for the moment: the write was refused as a whole.
  UNABLE_TO_LOCK_ROW: busy,
  QUERY_TIMEOUT: busy,
  REQUEST_RUNNING_TOO_LONG: busy,
  TOO_MANY_APEX_REQUESTS: busy,
  RECORD_IN_USE_BY_WORKFLOW: busy,
  SERVER_UNAVAILABLE: row('VENDOR_UNAVAILABLE', 'vendor', FIX_WAIT),
  ORG_IN_MAINTENANCE: row('VENDOR_UNAVAILABLE', 'vendor', FIX_WAIT),
  INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE: row('VENDOR_UNAVAILABLE', 'vendor', FIX_WAIT),
  FUNCTIONALITY_TEMPORARILY_UNAVAILABLE: row('VENDOR_UNAVAILABLE', 'vendor', FIX_WAIT),
  // The org.
  API_DISABLED_FOR_ORG: noApi,
  API_CURRENTLY_DISABLED: noApi,
  UNSUPPORTED_API_VERSION: row(
    'CONFIGURATION',
    'operator',
    'Update Signalbox: this Salesforce API version is retired.',
  ),
  // The step's values.
  REQUIRED_FIELD_MISSING: mapping,
  STRING_TOO_LONG: mapping,
  INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: mapping,
  INVALID_EMAIL_ADDRESS: mapping,
  NUMBER_OUTSIDE_VALID_RANGE: mapping,
  FIELD_INTEGRITY_EXCEPTION: mapping,
  MALFORMED_ID: mapping,
  MAX_TASK_DESCRIPTION_EXCEEEDED: mapping, // Salesforce's own spelling
  JSON_PARSER_ERROR: mapping,
  INVALID_FIELD: field,
  INVALID_FIELD_FOR_INSERT_UPDATE: field,
  INVALID_TYPE: field,
  MALFORMED_QUERY: ours,
  // The record and who may touch it.
  FIELD_CUSTOM_VALIDATION_EXCEPTION: row(
    'INVALID_INPUT',
    'user',
    'Give the values this validation rule in Salesforce asks for.',
  ),
  CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: row(
    'INVALID_INPUT',
    'user',
    'Ask a Salesforce administrator about the automation that refused it.',
  ),
  DUPLICATES_DETECTED: row('DUPLICATE', 'user', 'Use the record Salesforce found, or relax the duplicate rule.'),
  DUPLICATE_VALUE: row('DUPLICATE', 'user', 'Update the record that already has this value.'),
  DUPLICATE_DEVELOPER_NAME: row('DUPLICATE', 'user', 'Use the one that is there, or give another API name.'),
  DUPLICATE_EXTERNAL_ID: row(
    'DUPLICATE',
    'user',
    'Merge the records that share this external id, and make the field unique.',
  ),
  INVALID_CROSS_REFERENCE_KEY: refused,
  CANNOT_UPDATE_CONVERTED_LEAD: refused,
  ENTITY_IS_LOCKED: refused,
  INACTIVE_OWNER_OR_USER: row('INVALID_INPUT', 'user', 'Name an active Salesforce user as the owner.'),
  ENTITY_IS_DELETED: gone,
  NOT_FOUND: gone,
  INSUFFICIENT_ACCESS: access,
  INSUFFICIENT_ACCESS_OR_READONLY: access,
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: access,
}

const quota = row(
  'QUOTA_EXHAUSTED',
  'user',
  "Wait for the org's 24-hour API allowance to free up, or raise it in Salesforce.",
)
const unknown = row(
  'OUTCOME_UNKNOWN',
  'signalbox',
  'Nothing to do: Signalbox looks whether the write landed before trying again.',
)
const unavailable = row('VENDOR_UNAVAILABLE', 'vendor', FIX_WAIT)

const STATUSES: { [status: number]: Row } = {
  400: mapping,
  401: expired,
  403: access,
  404: gone,
  410: row('CONFIGURATION', 'operator', 'Update Signalbox: this Salesforce API version is retired.'),
  420: unavailable,
  429: row('RATE_LIMITED', 'vendor', FIX_WAIT),
  503: unavailable,
}

const isWrite = (method: string): boolean => !['GET', 'HEAD', 'OPTIONS'].includes(method.toUpperCase())

/** How long to leave Salesforce alone when 25 long calls are already running; it names no time itself. */
const CONCURRENCY_PAUSE_MS = 5_000

/** The fault that a refused call means. */
export function faultOfAnswer(call: RefusedCall): FaultError {
  const errors = parseErrors(call.body)
  const retryAfterMs = parseRetryAfter(call.retryAfter, call.now)
  const first = errors[0]
  if (first) return faultOfErrors(errors, call, retryAfterMs)
  return fault(rowOfStatus(call), `Salesforce answered ${call.status}${excerpt(call.body)}.`, {
    status: call.status,
    retryAfterMs,
  })
}

/** The fault that the errors inside a collection's result mean; its HTTP status was 200. */
export function faultOfResult(errors: unknown): FaultError {
  const parsed = toErrors(errors)
  if (parsed.length === 0)
    return fault(ours, 'Salesforce said that a record failed and gave no reason.', { status: 200 })
  return faultOfErrors(parsed, { method: 'PATCH', status: 200 })
}

/**
 * The fault that a call without an answer means.
 * @param landed whether the request may have reached Salesforce: false when no connection came about
 */
export function faultOfLostAnswer(method: string, landed: boolean, reason: string): FaultError {
  const mayHaveLanded = landed && isWrite(method)
  const message = mayHaveLanded
    ? `Salesforce's answer to a ${method} was lost (${reason}), so whether it was done is not known.`
    : `Salesforce could not be reached (${reason}).`
  return fault(mayHaveLanded ? unknown : unavailable, message, {})
}

function faultOfErrors(
  errors: VendorError[],
  call: { method: string; status: number },
  retryAfterMs?: number,
): FaultError {
  const first = errors[0] ?? { code: 'UNKNOWN', message: '', fields: [], matches: [] }
  const words = errors.map((error) => describeError(error)).join(' ')
  const found = rowOfError(first, call)
  const pause = first.code === 'REQUEST_LIMIT_EXCEEDED' && found === busy ? CONCURRENCY_PAUSE_MS : undefined
  return fault(found, `Salesforce refused: ${words}`, {
    status: call.status,
    code: first.code,
    retryAfterMs: retryAfterMs ?? pause,
  })
}

function rowOfError(error: VendorError, call: { method: string; status: number }): Row {
  // One code for two opposite causes: a day's allowance (wait hours), or 25 long calls at once (wait seconds).
  if (error.code === 'REQUEST_LIMIT_EXCEEDED') return /concurrent/i.test(error.message) ? busy : quota
  // A trigger wraps the lock error of what it touched into its own code.
  if (error.code === 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY' && error.message.includes('UNABLE_TO_LOCK_ROW')) return busy
  if (error.code === 'NOT_FOUND' && /external id field/i.test(error.message)) return noExternalId
  return CODES[error.code] ?? rowOfStatus(call)
}

function rowOfStatus(call: { method: string; status: number }): Row {
  const known = STATUSES[call.status]
  if (known) return known
  if (call.status >= 500) return isWrite(call.method) ? unknown : unavailable
  return mapping
}

function describeError(error: VendorError): string {
  const where = error.fields.length > 0 ? ` (${error.fields.join(', ')})` : ''
  const matches = error.matches.length > 0 ? ` Matches: ${error.matches.join(', ')}.` : ''
  return `${error.code}: ${error.message}${where}.${matches}`.replaceAll('..', '.')
}

function fault(
  found: Row,
  message: string,
  more: { status?: number; code?: string; retryAfterMs?: number | undefined },
): FaultError {
  const { retryAfterMs, ...vendor } = more
  const said: Fault = { code: found.code, who: found.who, message, fix: found.fix }
  if (retryAfterMs !== undefined) said.retryAfterMs = retryAfterMs
  if (vendor.status !== undefined || vendor.code !== undefined) said.vendor = vendor
  return new FaultError(said)
}

/** What the identity service answers, in plain text, about a token that is not good. */
export const OAUTH_TOKEN_WORDS = /^\s*(Bad|Missing)_OAuth_Token\s*$/

function parseErrors(body: string): VendorError[] {
  if (OAUTH_TOKEN_WORDS.test(body))
    return [{ code: body.trim(), message: 'the access token is not good', fields: [], matches: [] }]
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return [] // a proxy's HTML page, or nothing: the status alone decides
  }
  return toErrors(parsed)
}

function toErrors(parsed: unknown): VendorError[] {
  return (Array.isArray(parsed) ? parsed : [parsed]).flatMap((item: unknown) => {
    const error = toError(item)
    return error ? [error] : []
  })
}

function toError(item: unknown): VendorError | null {
  if (!isRecord(item)) return null
  const code = item['errorCode'] ?? item['statusCode'] ?? item['error']
  const message = item['message'] ?? item['error_description'] ?? ''
  if (typeof code !== 'string') return null
  const named = item['fields']
  const fields = Array.isArray(named) ? named.filter((name) => typeof name === 'string') : []
  return {
    code,
    message: typeof message === 'string' ? message : JSON.stringify(message),
    fields,
    matches: duplicateIds(item['duplicateResult']),
  }
}

function duplicateIds(result: unknown): string[] {
  if (!isRecord(result) || !Array.isArray(result['matchResults'])) return []
  return result['matchResults'].flatMap((match: unknown) => {
    const records = isRecord(match) && Array.isArray(match['matchRecords']) ? match['matchRecords'] : []
    return records.flatMap((entry: unknown) => {
      const id = isRecord(entry) && isRecord(entry['record']) ? entry['record']['Id'] : undefined
      return typeof id === 'string' ? [id] : []
    })
  })
}

const isRecord = (value: unknown): value is { [key: string]: unknown } => typeof value === 'object' && value !== null

/** Seconds or an HTTP date, as RFC 9110 has it; anything else is as good as nothing. */
function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d+$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

function excerpt(body: string): string {
  const text = body
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return text === '' ? '' : `: ${text.slice(0, 200)}`
}
