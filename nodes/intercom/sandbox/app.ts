import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Sandbox, SandboxApp } from '../../sandbox/app.ts'
import type { RecordBody, RecordKeys } from '../../sandbox/store.ts'
import { attributeRoutes, createAttribute } from './attributes.ts'
import { companyKeys, companyRoutes, upsertCompany } from './companies.ts'
import { asContact, contactKeys, contactRecord } from './contact-store.ts'
import { contactRoutes } from './contacts.ts'
import { completeConversation, conversationRoutes } from './conversations.ts'
import { eventRoutes } from './events.ts'
import { expireTokens, GRANT_TYPES, issueToken, requireToken } from './grants.ts'
import { oauthRoutes } from './oauth.ts'
import { settingsControl } from './settings.ts'
import { tagNamed, tagRoutes } from './tags.ts'
import { errorBody, VendorError } from './vendor-error.ts'
import { webhookControl } from './webhooks.ts'
import { completeAdmin, seedAdmin, workspaceRoutes } from './workspace.ts'

const STANDARD_VERSION = '2.14'
const MINORS = Array.from({ length: 17 }, (_, minor) => `2.${minor}`)
const VERSIONS = new Set(['1.0', '1.1', '1.2', '1.3', '1.4', ...MINORS, 'Unstable'])
/** 10,000 a minute, enforced in windows of 10 s. */
const LIMIT = { calls: 1_666, perMs: 10_000 }

/** A stand-in for Intercom's REST API 2.x, good enough for `intercom-client`. */
export const intercomSandbox: SandboxApp = {
  app: 'intercom',
  label: 'Intercom',
  limit: LIMIT,
  recordTypes: {
    contacts: ['contact'],
    companies: ['company'],
    tags: ['tag'],
    events: ['event'],
    notes: ['note'],
    data_attributes: ['data_attribute'],
    admins: ['admin'],
    conversations: ['conversation'],
  },
  keeps: [...GRANT_TYPES, '_webhooks'],
  register: (scope, sandbox) => {
    answerErrors(scope)
    scope.register(async (open) => oauthRoutes(open, sandbox))
    scope.register(async (guarded) => {
      guard(guarded, sandbox)
      for (const routes of [
        workspaceRoutes,
        contactRoutes,
        tagRoutes,
        eventRoutes,
        companyRoutes,
        attributeRoutes,
        conversationRoutes,
      ])
        routes(guarded, sandbox)
    })
  },
  complete,
  issueToken,
  expire: expireTokens,
  seed: seedAdmin,
  control: (scope, sandbox) => {
    settingsControl(scope, sandbox)
    webhookControl(scope, sandbox)
  },
}

function answerErrors(scope: FastifyInstance): void {
  scope.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error instanceof VendorError)
      return reply.code(error.status).headers(error.headers).send(errorBody(request.id, error))
    const status = error.statusCode ?? 500
    const code = status < 500 ? 'bad_request' : 'server_error'
    return reply.code(status).send(errorBody(request.id, { code, message: error.message }))
  })
  scope.setNotFoundHandler((request, reply) =>
    reply.code(404).send(errorBody(request.id, { code: 'not_found', message: 'Resource Not Found' })),
  )
}

/** What Intercom checks before any resource: version, Accept, token, rate. */
function guard(scope: FastifyInstance, sandbox: Sandbox): void {
  scope.addHook('preHandler', (request, reply, done) => {
    const version = String(request.headers['intercom-version'] ?? STANDARD_VERSION)
    reply.headers({ 'intercom-version': version, 'x-request-id': randomUUID() })
    if (!VERSIONS.has(version))
      throw new VendorError(400, 'intercom_version_invalid', { message: `Unknown version: ${version}` })
    if (!/application\/(json|\*)|\*\/\*/.test(request.headers.accept ?? '*/*'))
      throw new VendorError(406, 'media_type_not_acceptable', {
        message: 'The Accept header should send a media type of application/json',
      })
    requireToken(sandbox, request.headers.authorization)
    const allowance = sandbox.limit.take(sandbox.now())
    reply.headers({
      'x-ratelimit-limit': String(allowance.limit),
      'x-ratelimit-remaining': String(allowance.remaining),
      'x-ratelimit-reset': String(Math.ceil(allowance.resetAt / 1000)),
    })
    if (!allowance.allowed)
      throw new VendorError(429, 'rate_limit_exceeded', { message: 'Exceeded rate limit for this app' })
    done()
  })
}

function complete(
  sandbox: Sandbox,
  { type, body }: { type: string; body: RecordBody },
): { id: string; body: RecordBody; keys: RecordKeys } {
  switch (type) {
    case 'contacts': {
      const contact = contactRecord(sandbox, body)
      return { id: contact.id, body: contact, keys: contactKeys(asContact(contact)) }
    }
    case 'companies': {
      const { company } = upsertCompany(sandbox, body)
      return { id: company.id, body: company, keys: companyKeys(company) }
    }
    case 'tags': {
      if (typeof body.name !== 'string' || body.name === '') throw new Error('name: a tag needs a name.')
      const tag = tagNamed(sandbox, body.name)
      return { id: String(tag.id), body: tag, keys: { name: body.name } }
    }
    case 'data_attributes': {
      const attribute = createAttribute(sandbox, body)
      return { id: String(attribute.id), body: attribute, keys: { name: String(attribute.name) } }
    }
    case 'admins': {
      const admin = completeAdmin(sandbox, body)
      return { id: String(admin.id), body: admin, keys: {} }
    }
    case 'conversations': {
      const conversation = completeConversation(sandbox, body)
      return { id: String(conversation.id), body: conversation, keys: {} }
    }
    default:
      throw new Error(`${type} cannot be put; they come from calls to the API.`)
  }
}
