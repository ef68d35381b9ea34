import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { refuse, SalesforceError } from './errors.ts'
import { normalizeId } from './ids.ts'
import { type FieldSpec, OBJECTS, type ObjectSpec } from './schema.ts'

/** The stand-in org as one call sees it: its schema after hiding, its records, its users. */
export interface Org {
  sandbox: Sandbox
  /** The user the call is made as. */
  userId: string
  /** @throws SalesforceError 404 NOT_FOUND */
  object(name: string): ObjectSpec
  /** As `object`, null instead of an error; names compare without regard to case, as Salesforce's do. */
  findObject(name: string): ObjectSpec | null
  objects(): ObjectSpec[]
}

export const ORGANIZATION_NUMBER = 1
const HIDDEN = '_hidden'

export function orgFor(sandbox: Sandbox, userId: string): Org {
  const findObject = (name: string) => {
    const found = OBJECTS.find((object) => object.name.toLowerCase() === name.toLowerCase())
    return found ? withoutHidden(sandbox, found) : null
  }
  return {
    sandbox,
    userId,
    findObject,
    object: (name) => {
      const found = findObject(name)
      if (!found)
        throw new SalesforceError(404, [{ code: 'NOT_FOUND', message: 'The requested resource does not exist' }])
      return found
    },
    objects: () => OBJECTS.map((object) => withoutHidden(sandbox, object)),
  }
}

/** Takes a field out of the connected user's sight, as missing field-level security does; or puts it back. */
export function hideField(sandbox: Sandbox, field: { object: string; name: string }, hidden: boolean): void {
  const id = `${field.object}.${field.name}`
  if (hidden) sandbox.store.put(HIDDEN, { id, body: field })
  else sandbox.store.remove(HIDDEN, id)
}

function withoutHidden(sandbox: Sandbox, object: ObjectSpec): ObjectSpec {
  if (sandbox.store.count(HIDDEN) === 0) return object
  const fields = object.fields.filter((field) => !sandbox.store.get(HIDDEN, `${object.name}.${field.name}`))
  return { ...object, fields }
}

export const fieldOf = (object: ObjectSpec, name: string): FieldSpec | undefined =>
  object.fields.find((field) => field.name.toLowerCase() === name.toLowerCase())

/** Which object an id belongs to, by its prefix. */
export const objectOfId = (id: string): ObjectSpec | undefined =>
  OBJECTS.find((object) => object.keyPrefix === id.slice(0, 3))

/**
 * The record of a path's id.
 * @throws SalesforceError 404 for an id that is none, is of another object, was never given out, or is deleted
 */
export function recordOf(org: Org, object: ObjectSpec, id: string): { id: string; body: RecordBody } {
  const full = normalizeId(id)
  if (full === null)
    throw refuse('NOT_FOUND', 'Provided external ID field does not exist or is not accessible: ' + id, { status: 404 })
  const body = org.sandbox.store.get(object.name, full)
  if (!body) throw refuse('NOT_FOUND', 'The requested resource does not exist', { status: 404 })
  if (body['IsDeleted'] === true) throw refuse('ENTITY_IS_DELETED', 'entity is deleted', { status: 404 })
  return { id: full, body }
}

/** Salesforce's way to write an instant. @param ms since 1970 */
export const datetimeText = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000')
