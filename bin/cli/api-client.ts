import { UserError } from '../supervise/user-error.ts'

/** The API said no; the message is its problem document in lines. */
export class ApiRefused extends Error {
  override readonly name = 'ApiRefused'
}

interface Problem {
  code?: string
  detail?: string
  problems?: Array<{ path?: string; message?: string; fix?: string }>
}

/**
 * Calls the REST API that SIGNALBOX_URL and SIGNALBOX_API_KEY name.
 * @throws ApiRefused with the API's own words; UserError when it cannot be reached
 */
export async function callApi<T>(
  method: 'GET' | 'PUT' | 'POST',
  path: string,
  sent: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<T> {
  const base = (process.env.SIGNALBOX_URL ?? 'http://localhost:4000').replace(/\/+$/, '')
  const key = process.env.SIGNALBOX_API_KEY
  if (!key) throw new UserError('SIGNALBOX_API_KEY is not set. Make a key under Settings and set it.')
  let answer: Response
  try {
    answer = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...sent.headers,
      },
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
    })
  } catch {
    throw new UserError(`Nothing answers at ${base}. Start Signalbox, or set SIGNALBOX_URL to where it runs.`)
  }
  const text = await answer.text()
  if (!answer.ok) throw new ApiRefused(wordsOf(text, answer.status))
  return JSON.parse(text) as T
}

function wordsOf(text: string, status: number): string {
  if (!text.startsWith('{')) return `The API answered ${status}.`
  const { code = String(status), detail = '', problems = [] } = JSON.parse(text) as Problem
  return [`${code}: ${detail}`, ...problems.map(problemLine)].join('\n')
}

/** One problem as a line. */
export const problemLine = (problem: { path?: string; message?: string; fix?: string }): string =>
  `  ${problem.path ?? ''}: ${problem.message ?? ''}${problem.fix === undefined ? '' : ` ${problem.fix}`}`
