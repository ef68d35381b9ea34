import {
  LogLevel,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
} from '@slack/web-api'
import type { ClientEnvironment } from '../define.ts'
import { type Fault, FaultError } from '../fault.ts'
import { faultOfHttp, faultOfLoss, faultOfRate, faultOfWord } from './faults.ts'
import type { SlackClient } from './types.ts'

/** Slack's own client with its retries, queue and logging off: the shell decides when to try again. */
export function makeSlackClient(
  access: { baseUrl: string; token: string },
  environment: ClientEnvironment,
): SlackClient {
  const web = new WebClient(access.token, {
    slackApiUrl: access.baseUrl.replace(/\/*$/, '/'),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    logger: silent,
    fetch: (url, init) => {
      const limits = [environment.signal, AbortSignal.timeout(environment.timeoutMs)]
      return fetch(url, { ...init, signal: AbortSignal.any(init?.signal ? [...limits, init.signal] : limits) })
    },
  })
  return {
    async postMessage({ channel, text, threadTs }) {
      await environment.meter()
      const answer = await told('chat.postMessage', () =>
        web.chat.postMessage({ channel, text, ...(threadTs !== undefined && { thread_ts: threadTs }) }),
      )
      // An answer without these would be Slack's defect, yet the message is there: say so and let a person look.
      if (answer.channel === undefined || answer.ts === undefined)
        throw new FaultError(faultOfWord('chat.postMessage', 'an answer without channel and ts'))
      return { channel: answer.channel, ts: answer.ts }
    },
    async whoAmI() {
      await environment.meter()
      const answer = await told('auth.test', () => web.auth.test())
      return { team: answer.team ?? '', user: answer.user ?? '', url: answer.url ?? '' }
    },
  }
}

async function told<T>(method: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw new FaultError(faultOf(method, error), { cause: error instanceof Error ? error.name : undefined })
  }
}

function faultOf(method: string, error: unknown): Fault {
  if (error instanceof WebAPIPlatformError) return faultOfWord(method, error.data.error)
  if (error instanceof WebAPIRateLimitedError) return faultOfRate(method, error.retryAfter)
  if (error instanceof WebAPIHTTPError) return faultOfHttp(method, error.statusCode)
  // Slack answers 429 with Retry-After; the client makes a plain Error of one without.
  if (error instanceof Error && error.message.startsWith('Retry header did not contain')) return faultOfRate(method, 30)
  return faultOfLoss(method, codeOf(error instanceof WebAPIRequestError ? error.original : error))
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.cause instanceof Error ? codeOf(error.cause) : error.name
}

const nothing = () => undefined
/** The SDK logs failed requests itself; our record has them, with the fault. */
const silent = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  getLevel: () => LogLevel.ERROR,
  setName: nothing,
}
