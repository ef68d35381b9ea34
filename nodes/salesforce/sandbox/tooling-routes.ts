import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Sandbox } from '../../sandbox/app.ts'
import { refuse, SalesforceError } from './errors.ts'
import { makeId } from './ids.ts'
import { addField, hasField, type Org } from './org.ts'
import { customText } from './schema.ts'

const PERMISSIONS = '_permissions'

/** What the connected user may do to the org itself; everything, unless a test takes it away. */
export const mayCustomize = ({ store }: Sandbox): boolean =>
  store.get(PERMISSIONS, 'user')?.['customizeApplication'] !== false

export const setMayCustomize = ({ store }: Sandbox, customizeApplication: boolean): void =>
  store.put(PERMISSIONS, { id: 'user', body: { customizeApplication } })

const wish = z.object({
  FullName: z.string().regex(/^[A-Za-z]\w*\.[A-Za-z]\w*__c$/),
  Metadata: z.object({
    type: z.literal('Text'),
    label: z.string().min(1).max(40),
    length: z.int().min(1).max(255),
    externalId: z.boolean().default(false),
    unique: z.boolean().default(false),
  }),
})

/**
 * The part of the Tooling API that adds a text field. `scope` stands at /services/data/v:version. A field made this way
 * is seen by nobody until a profile or a permission set gives it to someone.
 */
export function toolingRoutes(scope: FastifyInstance, org: Org): void {
  scope.post('/tooling/sobjects/CustomField', ({ body }, reply) => {
    requireCustomize(org.sandbox)
    const parsed = wish.safeParse(body)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      throw refuse('FIELD_INTEGRITY_EXCEPTION', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not readable'}`)
    }
    const { FullName, Metadata } = parsed.data
    const [objectName = '', name = ''] = FullName.split('.')
    const object = org.findObject(objectName)
    if (!object) throw refuse('INVALID_CROSS_REFERENCE_KEY', `no CustomObject named ${objectName} found`)
    if (hasField(org.sandbox, { object: object.name, name }))
      throw refuse(
        'DUPLICATE_DEVELOPER_NAME',
        `There is already a field named ${name.replace(/__c$/, '')} on ${object.label}.`,
      )
    addField(org.sandbox, object.name, customText(name, Metadata.length, Metadata))
    const id = makeId('00N', org.sandbox.store.next('CustomField'))
    return reply.code(201).send({ id, success: true, errors: [], warnings: [], infos: [] })
  })
}

/** Fields, permission sets and who has them are for administrators. @throws SalesforceError 403 */
export function requireCustomize(sandbox: Sandbox): void {
  if (mayCustomize(sandbox)) return
  throw new SalesforceError(403, [
    { code: 'INSUFFICIENT_ACCESS', message: "You don't have permission to perform this operation." },
  ])
}
