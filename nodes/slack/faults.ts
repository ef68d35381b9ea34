import type { Fault, FaultCode } from '../fault.ts'

type Own = Pick<Fault, 'code' | 'who' | 'fix'>
const own = (code: FaultCode, who: Fault['who'], fix: string): Own => ({ code, who, fix })

const AUTH = own('AUTH_EXPIRED', 'user', 'Reconnect Slack in Connections.')
const FORBIDDEN = own(
  'FORBIDDEN',
  'user',
  'Let the Slack app do this: its scopes, its channels and the workspace’s rules.',
)
const CHANNEL = own('NOT_FOUND', 'user', 'Correct the channel in the step; a private one must invite the app first.')
const INPUT = own('INVALID_INPUT', 'user', 'Correct the step’s fields.')
const AGAIN = own('VENDOR_UNAVAILABLE', 'vendor', 'Wait; the call is repeated.')
const UNKNOWN = own('OUTCOME_UNKNOWN', 'user', 'Look in the channel whether the message is there.')

/** Slack's error words for chat.postMessage and auth.test. @see https://docs.slack.dev/reference/methods/chat.postMessage */
const WORDS: { [word: string]: Own } = {
  not_authed: AUTH,
  invalid_auth: AUTH,
  account_inactive: AUTH,
  token_revoked: AUTH,
  token_expired: AUTH,
  no_permission: FORBIDDEN,
  missing_scope: FORBIDDEN,
  not_allowed_token_type: FORBIDDEN,
  access_denied: FORBIDDEN,
  ekm_access_denied: FORBIDDEN,
  enterprise_is_restricted: FORBIDDEN,
  team_access_not_granted: FORBIDDEN,
  not_in_channel: FORBIDDEN,
  restricted_action: FORBIDDEN,
  restricted_action_read_only_channel: FORBIDDEN,
  restricted_action_thread_locked: FORBIDDEN,
  channel_not_found: CHANNEL,
  is_archived: CHANNEL,
  ratelimited: own('RATE_LIMITED', 'vendor', 'Wait; the call is repeated in time.'),
  rate_limited: own('RATE_LIMITED', 'vendor', 'Wait; the call is repeated in time.'),
  message_limit_exceeded: own(
    'QUOTA_EXHAUSTED',
    'user',
    'Upgrade the Slack workspace, or wait for its limit to reset.',
  ),
  service_unavailable: AGAIN,
  team_added_to_org: AGAIN,
  // Slack: "it's possible some aspect of the operation succeeded before the error was raised".
  fatal_error: UNKNOWN,
  internal_error: UNKNOWN,
  request_timeout: UNKNOWN,
}

/** The fault for `{ ok: false, error: word }`. An unreadable answer is no word: what it hides is unknown. */
export function faultOfWord(method: string, word: string): Fault {
  if (!/^[a-z0-9_]{1,80}$/.test(word))
    return { ...UNKNOWN, message: `Slack’s answer to ${method} could not be read.`, vendor: { status: 200 } }
  return {
    ...(WORDS[word] ?? INPUT),
    message: `Slack refused ${method}: ${word}.`,
    vendor: { status: 200, code: word },
  }
}

export function faultOfHttp(method: string, status: number): Fault {
  const message = `Slack answered ${status} to ${method}.`
  const vendor = { status }
  if (status === 503) return { ...AGAIN, message, vendor }
  if (status >= 500) return { ...UNKNOWN, message, vendor }
  if (status === 401) return { ...AUTH, message, vendor }
  if (status === 403) return { ...FORBIDDEN, message, vendor }
  return { ...own('CONFIGURATION', 'user', 'Check the Slack address in Connections.'), message, vendor }
}

export function faultOfRate(method: string, seconds: number): Fault {
  return {
    code: 'RATE_LIMITED',
    who: 'vendor',
    message: `Slack limits ${method} for ${seconds} s.`,
    fix: 'Wait; the call is repeated in time.',
    retryAfterMs: seconds * 1000,
    vendor: { status: 429 },
  }
}

/** No answer came. @param code Node's word for why, e.g. ECONNREFUSED */
export function faultOfLoss(method: string, code: string): Fault {
  // Only these say for certain that no request left this machine.
  const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']
  if (unsent.includes(code)) return { ...AGAIN, message: `Slack could not be reached (${code}).` }
  return { ...UNKNOWN, message: `Slack’s answer to ${method} was lost (${code}), so it may have taken effect.` }
}
