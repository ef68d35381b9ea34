import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { request as requestPlain, type IncomingMessage } from 'node:http'
import { request as requestSecure } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import type { ClientEnvironment } from '../define.ts'
import { type Fault, FaultError } from '../fault.ts'
import type { Json } from '../manifest.ts'
import { reachOf } from './addresses.ts'
import { type Failed, faultOfLoss, faultOfStatus } from './faults.ts'
import type { HttpAnswer, HttpCall, HttpClient } from './types.ts'

export const MAX_BODY_BYTES = 1024 * 1024
const MAX_REDIRECTS = 5
/** Ours to set: letting a step set them would split the request from what we checked (RFC 9112 §6). */
const RESERVED = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
  'trailer',
])
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

export interface HttpAccess {
  baseUrl: string | null
  /** Goes with every call to the base URL's origin, and nowhere else. */
  secret: { header: string; value: string } | null
  allowPrivate: boolean
  /** Finds addresses; the system's resolver unless a test stands in for it. */
  resolve?: (host: string) => Promise<LookupAddress[]>
}

interface Hop extends Failed {
  url: URL
  method: string
  headers: { [name: string]: string }
  body: string | undefined
}

interface Raw {
  status: number
  headers: { [name: string]: string }
  /** null: longer than we keep. */
  text: string | null
}

/** A plain HTTP client that cannot be pointed at the inside: every address is checked, then that very address is used. */
export function makeHttpClient(access: HttpAccess, environment: ClientEnvironment): HttpClient {
  return {
    baseUrl: access.baseUrl,
    async send(call) {
      // One clock for all hops, so that a chain of redirects cannot outlast the limit.
      const signal = AbortSignal.any([environment.signal, AbortSignal.timeout(environment.timeoutMs)])
      let hop = firstHop(access, call)
      for (let redirects = 0; ; redirects++) {
        await environment.meter()
        const raw = await exchange(access, hop, signal)
        const next = redirectOf(access, hop, raw)
        if (next === null) return answerOf(access, hop, raw)
        if (redirects === MAX_REDIRECTS)
          throw refused(
            'INVALID_INPUT',
            `${hop.what} redirected more than ${MAX_REDIRECTS} times.`,
            'Use its final address.',
          )
        hop = next
      }
    },
  }
}

const refused = (code: Fault['code'], message: string, fix: string) =>
  new FaultError({ code, who: 'user', message, fix })

function firstHop(access: HttpAccess, call: HttpCall): Hop {
  const url = targetOf(access, call.url)
  const headers: { [name: string]: string } = { accept: 'application/json, */*;q=0.5', 'user-agent': 'Signalbox/1' }
  for (const [name, value] of Object.entries(call.headers)) {
    const lower = name.toLowerCase()
    if (!HEADER_NAME.test(name) || RESERVED.has(lower) || lower === access.secret?.header.toLowerCase())
      throw refused('INVALID_INPUT', `The header “${name}” cannot be set by a step.`, 'Remove or rename it.')
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
      throw refused(
        'INVALID_INPUT',
        `The header “${name}” holds a line break or another character headers cannot carry.`,
        'Correct its value.',
      )
    headers[lower] = value
  }
  const body = typeof call.body === 'string' || call.body === undefined ? call.body : JSON.stringify(call.body)
  if (body !== undefined) {
    if (call.method === 'GET' || call.method === 'HEAD')
      throw refused('INVALID_INPUT', `${call.method} carries no body.`, 'Empty the body, or choose another method.')
    if (Buffer.byteLength(body) > MAX_BODY_BYTES)
      throw refused('INVALID_INPUT', `The body is over ${MAX_BODY_BYTES} bytes.`, 'Send less.')
    headers['content-type'] ??= typeof call.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
  }
  const write = call.method !== 'GET' && call.method !== 'HEAD'
  return {
    url,
    method: call.method,
    headers,
    body,
    write,
    what: wordsFor(call.method, url),
    hasSecret: access.secret !== null,
  }
}

/** The absolute address of a call, within the connection's origin where it has one. @throws FaultError */
function targetOf(access: HttpAccess, text: string): URL {
  const base = access.baseUrl === null ? undefined : access.baseUrl.replace(/\/*$/, '/')
  // A path below the base: without the leading slash it keeps the base's own path.
  const relative = base !== undefined && !/^[a-z][a-z0-9+.-]*:/i.test(text) ? text.replace(/^\/+/, './') : text
  const url = URL.parse(relative, base)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw refused(
      'INVALID_INPUT',
      'The URL is not an http or https address.',
      'Write it in full: https://api.example.com/orders.',
    )
  if (url.username !== '' || url.password !== '')
    throw refused('INVALID_INPUT', 'The URL holds a user name or password.', 'Keep secrets in the connection instead.')
  if (access.secret !== null && url.origin !== new URL(base ?? url).origin)
    throw refused(
      'REFUSED_BY_POLICY',
      `This connection’s secret belongs to ${new URL(base ?? url).origin}, not to ${url.origin}.`,
      'Choose another connection, or call an address below its base URL.',
    )
  url.hash = ''
  return url
}

/** Queries may hold keys, so messages go without them. */
const wordsFor = (method: string, url: URL) => `${method} ${url.origin}${url.pathname}`

function redirectOf(access: HttpAccess, hop: Hop, raw: Raw): Hop | null {
  if (![301, 302, 307, 308].includes(raw.status) && !(raw.status === 303 && !hop.write)) return null
  const url = URL.parse(raw.headers.location ?? '', hop.url)
  if (url === null) throw refused('INVALID_INPUT', `${hop.what} redirects nowhere.`, 'Use another address.')
  // Browsers turn a redirected POST into a GET; guessing so would drop a write in silence.
  if (hop.write && raw.status < 307)
    throw refused(
      'INVALID_INPUT',
      `${hop.what} redirects to ${url.origin}${url.pathname}.`,
      'Use that address in the step.',
    )
  const checked = targetOf(access, url.href)
  if (hop.url.protocol === 'https:' && checked.protocol === 'http:')
    throw refused('REFUSED_BY_POLICY', `${hop.what} redirects to an unencrypted address.`, 'Use an https address.')
  const { accept = '*/*', 'content-type': type } = hop.headers
  const bare = { accept, ...(type !== undefined && { 'content-type': type }), 'user-agent': 'Signalbox/1' }
  const headers = checked.origin === hop.url.origin ? hop.headers : bare
  return { ...hop, url: checked, headers, what: wordsFor(hop.method, checked) }
}

function exchange(access: HttpAccess, hop: Hop, signal: AbortSignal): Promise<Raw> {
  const bare = hop.url.hostname.replace(/^\[|\]$/g, '')
  // The socket asks no resolver for a literal address, so it is looked at here.
  if (isIP(bare) !== 0) assertReachable(access, hop, [bare])
  const { promise, resolve, reject } = Promise.withResolvers<Raw>()
  let reached = false
  const fail = (error: Error) => reject(error instanceof FaultError ? error : faultOfLoss(hop, reached, error))
  const secure = hop.url.protocol === 'https:'
  const secret = access.secret
  const request = (secure ? requestSecure : requestPlain)(hop.url, {
    method: hop.method,
    headers: {
      ...hop.headers,
      ...(secret !== null && { [secret.header]: secret.value }),
      ...(hop.body !== undefined && { 'content-length': String(Buffer.byteLength(hop.body)) }),
    },
    agent: false,
    signal,
    lookup: guardedLookup(access, hop),
  })
  request.once('socket', (socket) => socket.once(secure ? 'secureConnect' : 'connect', () => (reached = true)))
  request.once('error', fail)
  request.once('response', (response) => {
    readAnswer(response, hop).then(resolve, fail)
  })
  request.end(hop.body)
  return promise
}

/** Resolves, checks all and hands over just what was checked: a second look-up could answer otherwise (DNS rebinding). */
function guardedLookup(access: HttpAccess, hop: Hop): LookupFunction {
  const find = callbackify(async (host: string): Promise<[LookupAddress, ...LookupAddress[]]> => {
    const [first, ...rest] = await (access.resolve ?? systemResolve)(host)
    if (first === undefined) throw new Error(`${host} has no address`)
    assertReachable(
      access,
      hop,
      [first, ...rest].map(({ address }) => address),
    )
    return [first, ...rest]
  })
  return (host, options, callback) =>
    find(host, (error, found) => {
      if (error !== null) callback(error, [])
      else if (options.all === true) callback(null, found)
      else callback(null, found[0].address, found[0].family)
    })
}

const systemResolve = (host: string) =>
  new Promise<LookupAddress[]>((resolve, reject) =>
    systemLookup(host, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error))),
  )

function assertReachable(access: HttpAccess, hop: Hop, addresses: string[]): void {
  for (const address of addresses) {
    const reach = reachOf(address)
    if (reach === 'public' || (reach === 'inner' && access.allowPrivate)) continue
    // The address itself is not named: it would tell an outsider how the inside is laid out.
    throw refused(
      'REFUSED_BY_POLICY',
      `${hop.what} leads to ${reach === 'inner' ? 'this machine or a private network' : 'a link-local or reserved address'}.`,
      reach === 'inner'
        ? 'Call a public address, or allow private addresses in the connection.'
        : 'Call a public address.',
    )
  }
}

async function readAnswer(response: IncomingMessage, hop: Hop): Promise<Raw> {
  const chunks: Buffer[] = []
  let size = 0
  let kept = true
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) {
      kept = false
      response.destroy()
      break
    }
    chunks.push(chunk)
  }
  const status = response.statusCode ?? 0
  if (!kept && !hop.write)
    throw refused(
      'INVALID_INPUT',
      `${hop.what} answered over ${MAX_BODY_BYTES} bytes.`,
      'Ask it for less, page by page.',
    )
  const headers: { [name: string]: string } = {}
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined && name !== 'set-cookie') headers[name] = Array.isArray(value) ? value.join(', ') : value
  return { status, headers, text: kept ? Buffer.concat(chunks).toString('utf8') : null }
}

function answerOf(access: HttpAccess, hop: Hop, raw: Raw): HttpAnswer {
  const landed = (raw.status >= 200 && raw.status < 300) || raw.status === 303
  if (!landed) {
    const words = excerpt(raw.text ?? '', access.secret?.value)
    throw new FaultError(faultOfStatus(hop, { status: raw.status, retryAfter: raw.headers['retry-after'], words }))
  }
  return { status: raw.status, headers: raw.headers, body: bodyOf(raw), bodyOmitted: raw.text === null }
}

function bodyOf({ headers, text }: Raw): Json {
  if (text === null || text === '') return null
  if (!/[/+]json\b/i.test(headers['content-type'] ?? '')) return text
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    // The call succeeded; an answer that is not the JSON it claims to be is still an answer.
    if (error instanceof SyntaxError) return text
    throw error
  }
}

/** A line of the answer for people, with the secret cut out should the other side repeat it. */
function excerpt(text: string, secret: string | undefined): string {
  const clean = secret === undefined ? text : text.replaceAll(secret, '[secret]')
  const bare = secret === undefined ? clean : clean.replaceAll(secret.replace(/^\S+\s+/, ''), '[secret]')
  return bare.replace(/\s+/g, ' ').trim().slice(0, 200)
}
