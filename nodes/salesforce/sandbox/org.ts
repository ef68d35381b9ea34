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
const ABSENT = '_absent'
const CUSTOM = '_custom'

export function orgFor(sandbox: Sandbox, userId: string): Org {
  const findObject = (name: string) => {
    const found = OBJECTS.find((object) => object.name.toLowerCase() === name.toLowerCase())
    return found ? asItIs(sandbox, found, userId) : null
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
    objects: () => OBJECTS.map((object) => asItIs(sandbox, object, userId)),
  }
}

type FieldName = { object: string; name: string }
const idOf = ({ object, name }: FieldName): string => `${object}.${name}`

/** Takes a field out of the connected user's sight, as missing field-level security does; or puts it back. */
export function hideField(sandbox: Sandbox, field: FieldName, hidden: boolean): void {
  if (hidden) sandbox.store.put(HIDDEN, { id: idOf(field), body: field })
  else sandbox.store.remove(HIDDEN, idOf(field))
}

/** Makes the org one that never had a field, or had it all along. */
export function removeField(sandbox: Sandbox, field: FieldName, absent: boolean): void {
  sandbox.store.transaction(() => {
    sandbox.store.remove(CUSTOM, idOf(field))
    hideField(sandbox, field, false)
    if (absent) sandbox.store.put(ABSENT, { id: idOf(field), body: field })
    else sandbox.store.remove(ABSENT, idOf(field))
  })
}

/** Adds a field. As in Salesforce, nobody sees it before a profile or permission set says so. */
export function addField(sandbox: Sandbox, object: string, field: FieldSpec): void {
  const name = { object, name: field.name }
  sandbox.store.transaction(() => {
    sandbox.store.put(CUSTOM, { id: idOf(name), body: { ...field, object } })
    hideField(sandbox, name, true)
  })
}

/** Whether the org has a field, seen by the connected user or not. */
export function hasField(sandbox: Sandbox, field: FieldName): boolean {
  const own = OBJECTS.find(({ name }) => name === field.object)?.fields.some(({ name }) => name === field.name) ?? false
  if (sandbox.store.get(CUSTOM, idOf(field))) return true
  return own && !sandbox.store.get(ABSENT, idOf(field))
}

function asItIs(sandbox: Sandbox, object: ObjectSpec, userId: string): ObjectSpec {
  const { store } = sandbox
  // Three counts and no more for nearly every call: most orgs of the tests are as they came.
  if ([HIDDEN, ABSENT, CUSTOM].every((type) => store.count(type) === 0)) return object
  const added = store
    .list(CUSTOM)
    .filter(({ body }) => body['object'] === object.name)
    // Written by addField above, so it has a field's shape.
    .map(({ body }) => body as unknown as FieldSpec)
  const names = new Set(added.map(({ name }) => name))
  const own = object.fields.filter(({ name }) => !store.get(ABSENT, `${object.name}.${name}`) && !names.has(name))
  const fields = [...own, ...added].flatMap((field) => seen(sandbox, { object: object.name, field }, userId))
  const indexed = [...new Set([...object.indexed, ...names])]
  return { ...object, fields, indexed }
}

/** A hidden field comes back by a permission set of the user's, readable or writable as that says. */
function seen(
  { store }: Sandbox,
  { object, field }: { object: string; field: FieldSpec },
  userId: string,
): FieldSpec[] {
  const id = `${object}.${field.name}`
  if (!store.get(HIDDEN, id)) return [field]
  const sets = new Set(
    store.find('PermissionSetAssignment', 'AssigneeId', userId).map(({ body }) => body['PermissionSetId']),
  )
  const given = store.find('FieldPermissions', 'Field', id).filter(({ body }) => sets.has(body['ParentId'] ?? null))
  if (given.some(({ body }) => body['PermissionsEdit'] === true)) return [field]
  if (given.some(({ body }) => body['PermissionsRead'] === true))
    return [{ ...field, createable: false, updateable: false }]
  return []
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
