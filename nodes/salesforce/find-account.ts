import type { ActionContext, SubjectRef } from '../define.ts'
import { FaultError } from '../fault.ts'
import { hasKeyField, KEY_FIELD, requireKeyField } from './key-field.ts'
import { keyedCreate } from './keyed-create.ts'
import { soql, soqlName } from './soql.ts'
import type { SalesforceClient, SalesforceRow } from './types.ts'

type Context = ActionContext<unknown, SalesforceClient>

const ACCOUNT_NUMBER_LENGTH = 40

/** One key per account of ours, whichever run asks: two runs at once make one Salesforce account, not two. */
const accountKey = (account: SubjectRef): string => `account:${account.id}`

/**
 * The Salesforce account of one of our accounts: by its link, else by the key we gave it, else by AccountNumber equal to
 * the external id, else by the exact name. What was found is linked.
 * @param accountId our id
 * @returns Salesforce's id, or null when there is none
 * @throws FaultError INVALID_INPUT naming the records when several fit equally well
 */
export async function findAccount(context: Context, accountId: string): Promise<string | null> {
  const account = await context.subject('account', accountId)
  const linked = account.links['salesforce']
  if (linked !== undefined) return linked
  const found = pickAccount(account, await candidates(context.client, account))
  if (found !== null) await context.link('account', account.id, found)
  return found
}

/** As `findAccount`, and makes the account where there is none. */
export async function findOrCreateAccount(context: Context, accountId: string): Promise<string> {
  const found = await findAccount(context, accountId)
  if (found !== null) return found
  const account = await context.subject('account', accountId)
  if (account.name === null) throw nameless(account)
  await requireKeyField(context.client, 'Account')
  const number = account.externalId !== null && account.externalId.length <= ACCOUNT_NUMBER_LENGTH
  const { id } = await keyedCreate(context.client, {
    object: 'Account',
    key: accountKey(account),
    values: { Name: account.name, ...(number ? { AccountNumber: account.externalId } : {}) },
  })
  await context.link('account', account.id, id)
  return id
}

async function candidates(client: SalesforceClient, account: SubjectRef): Promise<SalesforceRow[]> {
  const keyed = hasKeyField(await client.describe('Account', hasKeyField))
  // What cannot be asked for is asked as the key, which no two accounts share: one statement for every case.
  const number = soql`AccountNumber = ${account.externalId ?? accountKey(account)}`
  const name = soql`Name = ${account.name ?? accountKey(account)}`
  const columns = soqlName(KEY_FIELD)
  return client.query(
    keyed
      ? soql`SELECT Id, Name, AccountNumber, ${columns} FROM Account WHERE ${columns} = ${accountKey(account)} OR ${number} OR ${name} ORDER BY CreatedDate, Id`
      : soql`SELECT Id, Name, AccountNumber FROM Account WHERE ${number} OR ${name} ORDER BY CreatedDate, Id`,
  )
}

function pickAccount(account: SubjectRef, rows: SalesforceRow[]): string | null {
  const own = accountKey(account)
  // A namesake that Signalbox made for another account of ours is not this one.
  const free = rows.filter((row) => !text(row, KEY_FIELD).startsWith('account:') || text(row, KEY_FIELD) === own)
  const ways = [
    { by: 'key', rows: free.filter((row) => text(row, KEY_FIELD) === own) },
    { by: 'AccountNumber', rows: rows.filter((row) => same(text(row, 'AccountNumber'), account.externalId)) },
    { by: 'name', rows: free.filter((row) => same(text(row, 'Name'), account.name)) },
  ]
  const way = ways.find((candidate) => candidate.rows.length > 0)
  if (!way) return null
  const ids = way.rows.map((row) => text(row, 'Id'))
  const [first, ...others] = ids
  if (first === undefined) return null
  if (others.length > 0) throw ambiguous(account, way.by, ids)
  return first
}

const text = (row: SalesforceRow, name: string): string => (typeof row[name] === 'string' ? row[name] : '')

/** Salesforce compares text without regard to case; so do we, lest a match be found and then dropped. */
const same = (left: string, right: string | null): boolean =>
  right !== null && left !== '' && left.toLowerCase() === right.toLowerCase()

function ambiguous(account: SubjectRef, by: string, ids: string[]): FaultError {
  return new FaultError({
    code: 'INVALID_INPUT',
    who: 'user',
    message: `${ids.length} Salesforce accounts fit "${account.name ?? account.id}" by ${by}: ${ids.slice(0, 10).join(', ')}.`,
    fix: 'Link the account to one of them, or merge them in Salesforce.',
  })
}

function nameless(account: SubjectRef): FaultError {
  return new FaultError({
    code: 'INVALID_INPUT',
    who: 'user',
    message: `Account ${account.id} is not in Salesforce, and has no name to create it with.`,
    fix: 'Give the account a name, or link it to a Salesforce account.',
  })
}
