import { FaultError } from '../fault.ts'
import { KEY_FIELD } from './key-field.ts'
import { soql, soqlName } from './soql.ts'
import type { SalesforceClient, SalesforceValues } from './types.ts'

/**
 * Inserts a record under a key of ours, or answers the one already there. An insert that the unique field refuses,
 * rather than an upsert: a repeat hours later must not put back a stage or an amount that a person has changed since.
 * @throws FaultError
 */
export async function keyedCreate(
  client: SalesforceClient,
  record: { object: string; key: string; values: SalesforceValues },
): Promise<{ id: string; created: boolean }> {
  const { object, key, values } = record
  try {
    const { id } = await client.create(object, { ...values, [KEY_FIELD]: key })
    return { id, created: true }
  } catch (error) {
    if (!isDuplicateValue(error)) throw error
    const id = await findByKey(client, object, key)
    // Another unique field of the org refused it: that is for a person.
    if (id === null) throw error
    return { id, created: false }
  }
}

async function findByKey(client: SalesforceClient, object: string, key: string): Promise<string | null> {
  const statement = soql`SELECT Id FROM ${soqlName(object)} WHERE ${soqlName(KEY_FIELD)} = ${key}`
  const [row] = await client.query(statement)
  return row && typeof row['Id'] === 'string' ? row['Id'] : null
}

function isDuplicateValue(error: unknown): error is FaultError {
  return error instanceof FaultError && error.fault.vendor?.code === 'DUPLICATE_VALUE'
}
