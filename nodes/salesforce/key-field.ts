import { FaultError } from '../fault.ts'
import type { SalesforceClient, SalesforceObject } from './types.ts'

/** The unique text field by which Salesforce itself refuses a second copy of what Signalbox writes. */
export const KEY_FIELD = 'Signalbox_Key__c'

/** Only a unique external id makes a repeat safe: without "unique" two parallel inserts both land. */
export function hasKeyField(object: SalesforceObject): boolean {
  return object.fields.some((field) => field.name === KEY_FIELD && field.externalId && field.unique && field.createable)
}

/**
 * Makes sure that an object carries the key field, so that no write goes out that could not be repeated safely.
 * @throws FaultError CONFIGURATION saying how to install it
 */
export async function requireKeyField(client: SalesforceClient, object: string): Promise<void> {
  const found = await client.describe(object, hasKeyField)
  if (hasKeyField(found)) return
  const field = found.fields.find(({ name }) => name === KEY_FIELD)
  const lacks = field
    ? 'is not an external id that is unique and writable'
    : 'is missing, or hidden from the connected user,'
  throw new FaultError({
    code: 'CONFIGURATION',
    who: 'user',
    message: `The field ${KEY_FIELD} ${lacks} on ${object} in Salesforce, so a repeated write could make a second record.`,
    fix: `Install it with one click: Connections > the Salesforce connection > Install the key field. By hand: Object Manager > ${object} > Fields: add Text(255) "${KEY_FIELD}" with External ID and Unique set, and let the connected user edit it.`,
  })
}
