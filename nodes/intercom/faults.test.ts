import { describe, expect, it } from 'vitest'
import { faultOfAnswer } from './faults.ts'

const NOW = Date.parse('2026-03-02T09:30:00Z')

/** The fault of an answer to a write. */
function answered(status: number, more: { code?: string; headers?: { [name: string]: string }; write?: boolean } = {}) {
  const body = { type: 'error.list', request_id: 'r-1', errors: [{ code: more.code ?? 'x', message: 'So it is.' }] }
  return faultOfAnswer({
    method: 'PUT',
    write: more.write ?? true,
    status,
    body: JSON.stringify(body),
    header: (name) => more.headers?.[name] ?? null,
    now: NOW,
  }).fault
}

describe('what an answer of Intercom means', () => {
  it.each([
    { status: 400, code: 'INVALID_INPUT', who: 'user' },
    { status: 401, code: 'AUTH_EXPIRED', who: 'user' },
    { status: 403, code: 'FORBIDDEN', who: 'user' },
    { status: 404, code: 'NOT_FOUND', who: 'user' },
    { status: 406, code: 'INTERNAL', who: 'signalbox' },
    { status: 408, code: 'OUTCOME_UNKNOWN', who: 'signalbox' },
    { status: 409, code: 'DUPLICATE', who: 'user' },
    { status: 410, code: 'NOT_FOUND', who: 'user' },
    { status: 422, code: 'INVALID_INPUT', who: 'user' },
    { status: 423, code: 'VENDOR_BUSY', who: 'vendor' },
    { status: 429, code: 'RATE_LIMITED', who: 'vendor' },
    { status: 500, code: 'OUTCOME_UNKNOWN', who: 'signalbox' },
    { status: 503, code: 'VENDOR_UNAVAILABLE', who: 'vendor' },
  ])('$status to a write is $code', ({ status, code, who }) => {
    expect(answered(status)).toMatchObject({ code, who, vendor: { status, code: 'x', requestId: 'r-1' } })
  })

  it('knows codes that say more than their status', () => {
    expect(answered(403, { code: 'api_plan_restricted' }).fix).toContain('plan')
    expect(answered(400, { code: 'intercom_version_invalid' })).toMatchObject({
      code: 'CONFIGURATION',
      who: 'operator',
    })
  })

  it('has no unknown outcome for what only reads', () => {
    for (const status of [408, 500, 504]) expect(answered(status, { write: false }).code).toBe('VENDOR_UNAVAILABLE')
  })

  it('repeats the vendor’s words, or what a proxy put in their place', () => {
    expect(answered(400).message).toBe('Intercom answered 400 (x): So it is.')
    const call = { method: 'GET', write: false, header: () => null, now: NOW }
    const page = faultOfAnswer({ ...call, status: 502, body: '<html><b>Bad</b> gateway</html>' })
    expect(page.fault.message).toBe('Intercom answered 502: Bad gateway.')
    expect(faultOfAnswer({ ...call, status: 502, body: '' }).fault.message).toBe('Intercom answered 502.')
  })
})

describe('when to come back', () => {
  const reset = (seconds: number) => ({ headers: { 'x-ratelimit-reset': String(NOW / 1000 + seconds) } })

  it('goes by Retry-After in seconds or as a date, else by the end of the window', () => {
    expect(answered(429, { headers: { 'retry-after': '3' } }).retryAfterMs).toBe(3_000)
    expect(answered(503, { headers: { 'retry-after': 'Mon, 02 Mar 2026 09:30:05 GMT' } }).retryAfterMs).toBe(5_000)
    expect(answered(429, reset(7)).retryAfterMs).toBe(7_000)
  })

  it('is soon when the window has ended by our clock, and open when nothing is said', () => {
    expect(answered(429, reset(-2)).retryAfterMs).toBe(100)
    expect(answered(429).retryAfterMs).toBeUndefined()
  })

  it('does not heed the window of a call that was not limited', () => {
    expect(answered(503, reset(7)).retryAfterMs).toBeUndefined()
  })
})
