import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ApiDeps } from '../context.ts'
import { ProblemError } from '../problem.ts'
import { answerAsk, type Said } from './answer-ask.ts'
import { findByToken, type StoredAsk, statusOf } from './ask-store.ts'
import { answeredPage, askPage, closedPage, passedOnPage, signInPage, unknownPage } from './ask-page.ts'
import { valuesOfPost } from './form-values.ts'

type Deps = Pick<ApiDeps, 'db' | 'temporal' | 'log' | 'publicUrl'> & { clock: () => number }

const LIMIT_BYTES = 200_000

/**
 * The page behind the link of something that was asked. Looking changes nothing, because mail scanners and previews of
 * chats follow links; only the button of its form answers. The token is all that lets anybody in, so no cookie is read.
 */
export function askRoutes(deps: Omit<Deps, 'log'>) {
  return (scope: FastifyInstance, _options: object, done: (error?: Error) => void): void => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: LIMIT_BYTES },
      (_request, body, parsed) => parsed(null, new URLSearchParams(String(body))),
    )
    scope.get<{ Params: { token: string } }>('/asks/:token', async (request, reply) => {
      const found = await findByToken(deps.db, request.params.token)
      if (found === null) return answer(reply, 404, unknownPage())
      return answer(reply, 200, pageOf(found, { now: deps.clock(), publicUrl: deps.publicUrl }))
    })
    scope.post<{ Params: { token: string } }>('/asks/:token', async (request, reply) => {
      const found = await findByToken(deps.db, request.params.token)
      if (found === null) return answer(reply, 404, unknownPage())
      const at = { now: deps.clock(), publicUrl: deps.publicUrl }
      if (found.passedOn !== null || !found.ask.by_link || statusOf(found.ask, at.now) !== 'open')
        return answer(reply, 409, pageOf(found, at))
      const posted = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      return answerByLink({ ...deps, log: request.log }, { ask: found.ask, token: request.params.token, posted, reply })
    })
    done()
  }
}

interface Posted {
  ask: StoredAsk
  token: string
  posted: URLSearchParams
  reply: FastifyReply
}

async function answerByLink(deps: Deps, { ask, token, posted, reply }: Posted): Promise<FastifyReply> {
  const name = (posted.get('name') ?? '').trim()
  const said = saidOf(ask, posted)
  if (name === '' || name.length > 200) return answer(reply, 422, askPage(ask, { posted, wrong: 'Write your name.' }))
  if (said === null) return answer(reply, 422, askPage(ask, { posted, wrong: 'Press one of the two buttons.' }))
  try {
    await answerAsk({ ...deps, now: deps.clock() }, { ask, said, by: { name, token } })
  } catch (error) {
    if (!(error instanceof ProblemError) || error.status >= 500) throw error
    const page =
      error.code === 'ANSWER_INVALID' ? askPage(ask, { posted, wrong: error.message }) : closedPage(error.message)
    return answer(reply, error.status, page)
  }
  return answer(reply, 200, answeredPage(said))
}

function saidOf(ask: StoredAsk, posted: URLSearchParams): Said | null {
  if (ask.kind === 'form') return { kind: 'form', values: valuesOfPost(ask.fields, posted) }
  const port = posted.get('decision')
  if (port !== 'approved' && port !== 'rejected') return null
  const comment = (posted.get('comment') ?? '').trim().slice(0, 2000)
  return { kind: 'approval', port, comment: comment === '' ? null : comment }
}

function pageOf(
  { ask, passedOn }: NonNullable<Awaited<ReturnType<typeof findByToken>>>,
  { now, publicUrl }: { now: number; publicUrl: string },
): string {
  if (passedOn !== null) return passedOnPage(passedOn)
  const status = statusOf(ask, now)
  if (!ask.by_link) return signInPage(`${publicUrl}/waiting/${ask.id}`)
  if (status === 'open') return askPage(ask)
  if (status === 'answered') return closedPage(`It was answered by ${ask.decided_by}: ${ask.port}.`)
  return closedPage(
    status === 'expired'
      ? 'The time to answer is over, and the run has gone on without an answer.'
      : 'The run has gone on or ended without this answer.',
  )
}

/** Kept by nobody, and the token goes to nobody else. */
const answer = (reply: FastifyReply, status: number, page: string): FastifyReply =>
  reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('referrer-policy', 'no-referrer')
    .header('x-robots-tag', 'noindex')
    .send(page)
