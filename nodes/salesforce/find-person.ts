import type { ActionContext, SubjectRef } from '../define.ts'
import { FaultError } from '../fault.ts'
import { soql } from './soql.ts'
import type { SalesforceClient, SalesforceRow } from './types.ts'

const LEAD_PREFIX = '00Q'

/** Whether a Salesforce id is a lead's: leads cannot stand on a record together with an account. */
export const isLead = (id: string): boolean => id.startsWith(LEAD_PREFIX)

/**
 * The Salesforce contact of one of our contacts, else their open lead: by the link, else by the e-mail address. What was
 * found is linked.
 * @param contactId our id
 * @throws FaultError NOT_FOUND, or INVALID_INPUT naming the records when several share the address
 */
export async function findPerson(
  context: ActionContext<unknown, SalesforceClient>,
  contactId: string,
): Promise<string> {
  const contact = await context.subject('contact', contactId)
  const linked = contact.links['salesforce']
  if (linked !== undefined) return linked
  if (contact.email === null) throw missing(contact, 'has no link to Salesforce and no e-mail address to look for')
  const found =
    one(contact, await context.client.query(soql`SELECT Id FROM Contact WHERE Email = ${contact.email} ORDER BY Id`)) ??
    one(
      contact,
      await context.client.query(
        // A converted lead is read-only; its contact would have been found above.
        soql`SELECT Id FROM Lead WHERE Email = ${contact.email} AND IsConverted = ${false} ORDER BY Id`,
      ),
    )
  if (found === null) throw missing(contact, 'is neither a contact nor an open lead in Salesforce')
  await context.link('contact', contact.id, found)
  return found
}

function one(contact: SubjectRef, rows: SalesforceRow[]): string | null {
  const ids = rows.flatMap((row) => (typeof row['Id'] === 'string' ? [row['Id']] : []))
  if (ids.length <= 1) return ids[0] ?? null
  throw new FaultError({
    code: 'INVALID_INPUT',
    who: 'user',
    message: `${ids.length} Salesforce records have the e-mail address of contact ${contact.id}: ${ids.slice(0, 10).join(', ')}.`,
    fix: 'Link the contact to one of them, or merge them in Salesforce.',
  })
}

function missing(contact: SubjectRef, why: string): FaultError {
  return new FaultError({
    code: 'NOT_FOUND',
    who: 'user',
    message: `Contact ${contact.id} ${why}.`,
    fix: 'Create the contact in Salesforce, or link it to the right record.',
  })
}
