import type { Json } from '../../nodes/manifest.ts'
import { problem } from '../problem.ts'

const TIMEOUT_MS = 10_000

/**
 * Calls a control path of the sandboxes for the sandbox page; they themselves listen on this machine only.
 * @throws ProblemError 409 SANDBOX_OFF, 502 SANDBOX_UNREACHABLE, or the sandbox's own refusal as 422
 */
export async function callSandbox(
  ctx: { sandboxUrl: string | null },
  call: { method: 'GET' | 'POST' | 'DELETE'; path: string; body?: Json },
): Promise<Json> {
  if (ctx.sandboxUrl === null)
    throw problem(409, 'SANDBOX_OFF', 'The sandboxes are off here. Start with SIGNALBOX_SANDBOX=on to have them.')
  let answer: Response
  try {
    answer = await fetch(`${ctx.sandboxUrl}/_sandbox${call.path}`, {
      method: call.method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(call.body === undefined
        ? {}
        : { body: JSON.stringify(call.body), headers: { 'content-type': 'application/json' } }),
    })
  } catch (cause) {
    throw problem(502, 'SANDBOX_UNREACHABLE', {
      detail: 'The sandboxes do not answer. They are started again by themselves; try again in a few seconds.',
      cause,
    })
  }
  const text = await answer.text()
  const body = text === '' ? null : (JSON.parse(text) as Json)
  if (answer.ok) return body
  const message = body !== null && typeof body === 'object' && !Array.isArray(body) ? body['error'] : null
  throw problem(
    422,
    'SANDBOX_REFUSED',
    typeof message === 'string' ? message : `The sandbox answered ${answer.status}. Correct the input.`,
  )
}
