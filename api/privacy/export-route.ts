import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { writeAudit } from '../auth/audit.ts'
import { allows } from '../auth/scopes.ts'
import { findSubjectId } from '../customers/find-subject.ts'
import type { PlainOperation } from '../openapi.ts'
import { problem } from '../problem.ts'
import type { OpenContext } from '../rest-bridge.ts'
import { forbidden } from '../trpc.ts'
import { exportPerson } from './export-person.ts'

/** Everything about one person as a file. No procedure: it goes out as it is read. */
export function personExportRoute(createContext: (request: FastifyRequest) => Promise<OpenContext>) {
  return (scope: FastifyInstance, _options: object, done: (error?: Error) => void): void => {
    scope.get<{ Params: { id: string } }>('/v1/contacts/:id/export', async (request, reply) => {
      const ctx = await createContext(request)
      const { actor, workspaceId } = ctx
      if (actor === undefined || workspaceId === undefined)
        throw problem(401, 'UNAUTHENTICATED', 'Sign in, or send a key as "Authorization: Bearer <api key>".')
      // With what is masked for others: an owner's to hand out.
      if (!allows(actor, 'admin')) throw forbidden(actor, 'admin')
      const by = { ...ctx, actor, workspaceId }
      const contactId = await findSubjectId(by, 'contact', request.params.id)
      const file = contactId === null ? null : await exportPerson(by, contactId)
      if (contactId === null || file === null)
        throw problem(404, 'NOT_FOUND', 'There is no such contact. Use your own id, or ours.')
      await writeAudit(ctx.db, by, { action: 'contact.export', target: contactId })
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', `attachment; filename="person-${contactId}.json"`)
        .header('cache-control', 'no-store')
        .send(Readable.from(file, { objectMode: false }))
    })
    done()
  }
}

/** For the API reference. */
export const personExportOperation = (): PlainOperation => ({
  method: 'get',
  path: '/v1/contacts/{id}/export',
  operation: {
    operationId: 'privacy.export',
    tags: ['Privacy'],
    summary: 'Everything about a person as one JSON file',
    description:
      'Profile, identities, properties with who wrote them, events, conversations, notes, segments and signals with their ' +
      'history, runs with their record and writes: what a deletion would delete.\n\nNeeds the scope `admin`.',
    parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
    responses: {
      '200': { description: 'The file.', content: { 'application/json': { schema: { type: 'object' } } } },
    },
  },
})
