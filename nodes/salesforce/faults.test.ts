import { describe, expect, it } from 'vitest'
import { faultOfAnswer, faultOfLostAnswer, faultOfResult } from './faults.ts'

const error = (errorCode: string, message = 'words', more: object = {}) =>
  JSON.stringify([{ message, errorCode, fields: [], ...more }])
const answer = (status: number, body: string, more: { method?: string; retryAfter?: string } = {}) =>
  faultOfAnswer({ method: 'POST', now: Date.parse('2026-01-01T00:00:00Z'), ...more, status, body }).fault

describe('what Salesforce says', () => {
  it.each([
    // code, HTTP status, message, fault
    ['INVALID_SESSION_ID', 401, 'Session expired or invalid', 'AUTH_EXPIRED'],
    ['UNABLE_TO_LOCK_ROW', 400, 'unable to obtain exclusive access to this record', 'VENDOR_BUSY'],
    ['CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', 400, 'Trigger: UNABLE_TO_LOCK_ROW', 'VENDOR_BUSY'],
    ['CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', 400, 'Trigger: says no', 'INVALID_INPUT'],
    ['QUERY_TIMEOUT', 400, 'too long', 'VENDOR_BUSY'],
    ['REQUEST_LIMIT_EXCEEDED', 403, 'TotalRequests Limit exceeded.', 'QUOTA_EXHAUSTED'],
    ['REQUEST_LIMIT_EXCEEDED', 403, 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.', 'VENDOR_BUSY'],
    ['SERVER_UNAVAILABLE', 503, 'down', 'VENDOR_UNAVAILABLE'],
    ['API_DISABLED_FOR_ORG', 403, 'no API', 'CONFIGURATION'],
    ['UNSUPPORTED_API_VERSION', 410, 'old', 'CONFIGURATION'],
    ['NOT_FOUND', 404, 'Provided external ID field does not exist or is not accessible: X__c', 'CONFIGURATION'],
    ['NOT_FOUND', 404, 'The requested resource does not exist', 'NOT_FOUND'],
    ['ENTITY_IS_DELETED', 404, 'entity is deleted', 'NOT_FOUND'],
    ['REQUIRED_FIELD_MISSING', 400, 'Required fields are missing: [Name]', 'INVALID_INPUT'],
    ['STRING_TOO_LONG', 400, 'too large', 'INVALID_INPUT'],
    ['INVALID_FIELD', 400, "No such column 'x'", 'INVALID_INPUT'],
    ['DUPLICATE_VALUE', 400, 'duplicate value found', 'DUPLICATE'],
    ['INSUFFICIENT_ACCESS_OR_READONLY', 403, 'no', 'FORBIDDEN'],
    ['SOMETHING_NEW', 400, 'never seen', 'INVALID_INPUT'],
    ['UNKNOWN_EXCEPTION', 500, 'An unexpected error occurred', 'OUTCOME_UNKNOWN'],
  ] as const)('%s with %i "%s" is %s', (...[code, status, message, expected]) => {
    const fault = answer(status, error(code, message))
    expect(fault).toMatchObject({ code: expected, vendor: { status, code } })
    expect(fault.message).toContain(message)
  })

  it.each([
    ['POST', 500, 'OUTCOME_UNKNOWN'],
    ['POST', 502, 'OUTCOME_UNKNOWN'],
    ['PATCH', 504, 'OUTCOME_UNKNOWN'],
    ['POST', 503, 'VENDOR_UNAVAILABLE'],
    ['GET', 500, 'VENDOR_UNAVAILABLE'],
    ['GET', 502, 'VENDOR_UNAVAILABLE'],
    ['GET', 503, 'VENDOR_UNAVAILABLE'],
    ['POST', 429, 'RATE_LIMITED'],
    ['POST', 401, 'AUTH_EXPIRED'],
    ['POST', 403, 'FORBIDDEN'],
  ])('a bare page for %s with %i is %s', (method, status, expected) => {
    const fault = answer(status, '<html><b>Bad</b> gateway</html>', { method })
    expect(fault.code).toBe(expected)
    expect(fault.message).toBe(`Salesforce answered ${status}: Bad gateway.`)
  })

  it('waits as long as a proxy on the way says, in seconds or until a date', () => {
    expect(answer(429, '', { retryAfter: '7' }).retryAfterMs).toBe(7_000)
    expect(answer(503, '', { retryAfter: 'Thu, 01 Jan 2026 00:00:09 GMT' }).retryAfterMs).toBe(9_000)
    expect(answer(503, '', { retryAfter: 'soon' }).retryAfterMs).toBeUndefined()
  })

  it('pauses some seconds when too many long calls run, of which Salesforce names no time', () => {
    expect(answer(403, error('REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests Limit exceeded.')).retryAfterMs).toBe(5_000)
    expect(answer(403, error('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.')).retryAfterMs).toBeUndefined()
  })

  it('names the records that a duplicate rule found', () => {
    const duplicateResult = {
      matchResults: [{ matchRecords: [{ record: { Id: '003000000000001' } }, { record: { Id: '003000000000002' } }] }],
    }
    const fault = answer(400, error('DUPLICATES_DETECTED', 'Use one of these records?', { duplicateResult }))
    expect(fault.code).toBe('DUPLICATE')
    expect(fault.message).toContain('Matches: 003000000000001, 003000000000002.')
  })

  it('reads the errors of a collection, where the code has another name', () => {
    const { fault } = faultOfResult([{ statusCode: 'UNABLE_TO_LOCK_ROW', message: 'busy', fields: [] }])
    expect(fault).toMatchObject({ code: 'VENDOR_BUSY', vendor: { code: 'UNABLE_TO_LOCK_ROW' } })
  })

  it('reads the refusal of the token endpoint', () => {
    expect(answer(400, '{"error":"invalid_grant","error_description":"expired access/refresh token"}').code).toBe(
      'AUTH_EXPIRED',
    )
  })
})

describe('a lost answer', () => {
  it('leaves a write unknown and a read merely failed', () => {
    expect(faultOfLostAnswer('POST', true, 'ECONNRESET').fault.code).toBe('OUTCOME_UNKNOWN')
    expect(faultOfLostAnswer('GET', true, 'ECONNRESET').fault.code).toBe('VENDOR_UNAVAILABLE')
  })

  it('is a write that did not happen when no connection came about', () => {
    expect(faultOfLostAnswer('POST', false, 'ECONNREFUSED').fault.code).toBe('VENDOR_UNAVAILABLE')
  })
})
