import { type Fault, FaultError } from '../fault.ts'
import { hasKeyField, KEY_FIELD } from './key-field.ts'
import { soql } from './soql.ts'
import type { SalesforceClient, SalesforceObject, SalesforceRow } from './types.ts'

/** What Signalbox's steps create or are told to create, the needed ones first. Tasks carry no key: they are read back. */
export const KEYED_OBJECTS = ['Opportunity', 'Account', 'Contact', 'Lead'] as const

/** Made in the org to let the connected user see the field: what the Tooling API makes is seen by nobody. */
const PERMISSION_SET = { Name: 'Signalbox', Label: 'Signalbox' }

/**
 * - `there`: installed and usable.
 * - `missing`: not there, or not writable for the connected user.
 * - `unsuitable`: a field of this name that does not make a repeat safe.
 * - `noObject`: the org has no such object, or the user may not see it.
 */
export type KeyFieldState = 'there' | 'missing' | 'unsuitable' | 'noObject'

export interface KeyFieldStatus {
  object: string
  state: KeyFieldState
  /** What a person can do about it; null where nothing is to be done. */
  ask: string | null
}

/** What came of installing it on one object. `refused`: Salesforce did not let the connected user do it. */
export interface KeyFieldInstall {
  object: string
  outcome: 'installed' | 'already' | 'refused' | 'unsuitable' | 'noObject'
  ask: string | null
}

/** Where the key field stands, one describe for each object. @throws FaultError */
export async function keyFieldStatus(client: SalesforceClient): Promise<KeyFieldStatus[]> {
  const result: KeyFieldStatus[] = []
  for (const object of KEYED_OBJECTS) {
    const state = await stateOf(client, object)
    const ask = state === 'unsuitable' ? askToMend(object) : null
    result.push({ object, state, ask })
  }
  return result
}

/**
 * Installs the key field where it is missing and gives it to the connected user by the permission set "Signalbox". Doing
 * it again changes nothing.
 * @throws FaultError when the connection itself does not work; a refusal of Salesforce's is an answer
 */
export async function installKeyField(client: SalesforceClient): Promise<KeyFieldInstall[]> {
  const result: KeyFieldInstall[] = []
  // Made once, at the first object that needs it.
  let permissionSet: Promise<string> | null = null
  for (const object of KEYED_OBJECTS) {
    const state = await stateOf(client, object)
    if (state === 'there') result.push({ object, outcome: 'already', ask: null })
    else if (state === 'noObject') result.push({ object, outcome: 'noObject', ask: null })
    else if (state === 'unsuitable') result.push({ object, outcome: 'unsuitable', ask: askToMend(object) })
    else {
      const refused = await refusalOf(async () => {
        await createField(client, object)
        permissionSet ??= ownPermissionSet(client)
        await give(client, { object, permissionSet: await permissionSet })
      })
      result.push(await outcomeOf(client, object, refused))
    }
  }
  return result
}

async function stateOf(client: SalesforceClient, object: string): Promise<KeyFieldState> {
  let found: SalesforceObject
  try {
    // Always fresh: somebody looks at the answer and acts on it.
    found = await client.describe(object, () => false)
  } catch (error) {
    if (error instanceof FaultError && error.fault.code === 'NOT_FOUND') return 'noObject'
    throw error
  }
  if (hasKeyField(found)) return 'there'
  const field = found.fields.find(({ name }) => name === KEY_FIELD)
  // One that is as it should be and may only be read is given, like one that is not seen at all.
  return field === undefined || (field.externalId && field.unique) ? 'missing' : 'unsuitable'
}

async function outcomeOf(client: SalesforceClient, object: string, refused: Fault | null): Promise<KeyFieldInstall> {
  if (refused !== null) return { object, outcome: 'refused', ask: askAdministrator(object, refused) }
  const state = await stateOf(client, object)
  if (state === 'there') return { object, outcome: 'installed', ask: null }
  // It was hidden, and is still: another rule of the org's stands above the permission set.
  return { object, outcome: state === 'unsuitable' ? 'unsuitable' : 'refused', ask: askToMend(object) }
}

/** The org may have it already, hidden from the connected user: then it is only to be given. */
async function createField(client: SalesforceClient, object: string): Promise<void> {
  try {
    await client.createTextField({
      object,
      name: KEY_FIELD,
      label: 'Signalbox Key',
      length: 255,
      description: 'By this key Salesforce refuses a second copy of what Signalbox writes. Leave it to Signalbox.',
      externalId: true,
      unique: true,
    })
  } catch (error) {
    if (error instanceof FaultError && error.fault.code === 'DUPLICATE') return
    throw error
  }
}

/** The permission set, assigned to the connected user. @returns its id */
async function ownPermissionSet(client: SalesforceClient): Promise<string> {
  const { userId } = await client.identity()
  const found = await client.query(soql`SELECT Id FROM PermissionSet WHERE Name = ${PERMISSION_SET.Name}`)
  const id = idOf(found) ?? (await client.create('PermissionSet', PERMISSION_SET)).id
  const assigned = await client.query(
    soql`SELECT Id FROM PermissionSetAssignment WHERE PermissionSetId = ${id} AND AssigneeId = ${userId}`,
  )
  if (idOf(assigned) === null)
    await client.create('PermissionSetAssignment', { PermissionSetId: id, AssigneeId: userId })
  return id
}

async function give(client: SalesforceClient, to: { object: string; permissionSet: string }): Promise<void> {
  const field = `${to.object}.${KEY_FIELD}`
  const found = await client.query(
    soql`SELECT Id FROM FieldPermissions WHERE ParentId = ${to.permissionSet} AND Field = ${field}`,
  )
  if (idOf(found) !== null) return
  await client.create('FieldPermissions', {
    ParentId: to.permissionSet,
    SobjectType: to.object,
    Field: field,
    PermissionsRead: true,
    PermissionsEdit: true,
  })
}

const idOf = ([row]: SalesforceRow[]): string | null => (typeof row?.['Id'] === 'string' ? row['Id'] : null)

/** Salesforce hides what a user may not do in several ways: a refusal, an unknown resource, an unknown type. */
const NOT_ALLOWED = new Set<Fault['code']>(['FORBIDDEN', 'NOT_FOUND', 'INVALID_INPUT', 'DUPLICATE'])

async function refusalOf(work: () => Promise<void>): Promise<Fault | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (error instanceof FaultError && NOT_ALLOWED.has(error.fault.code)) return error.fault
    throw error
  }
}

function askAdministrator(object: string, { message }: Fault): string {
  return `${message} Ask a Salesforce administrator to give the connected user "Customize Application" and "Manage Profiles and Permission Sets" for a moment and install it again; or to do it by hand: ${byHand(object)}`
}

const askToMend = (object: string): string => `Ask a Salesforce administrator: ${byHand(object)}`

const byHand = (object: string): string =>
  `Object Manager > ${object} > Fields: Text(255) "${KEY_FIELD}" with External ID and Unique set, visible and editable for the connected user.`
