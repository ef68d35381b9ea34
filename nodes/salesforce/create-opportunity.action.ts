import { z } from 'zod'
import { defineAction } from '../define.ts'
import { fields } from '../fields.ts'
import { findOrCreateAccount } from './find-account.ts'
import sample from './fixtures/create-opportunity.json' with { type: 'json' }
import { requireKeyField } from './key-field.ts'
import { keyedCreate } from './keyed-create.ts'
import { dayAfter, ownerField } from './step-fields.ts'
import type { SalesforceClient, SalesforceValues } from './types.ts'

const input = z.object({
  account: fields.account(),
  name: fields.text('Name', { max: 120, placeholder: 'Expansion: {{ account.name }}' }),
  stage: fields.text('Stage', {
    max: 255,
    placeholder: 'Prospecting',
    help: 'The API name of a stage of the sales process.',
  }),
  closeInDays: fields.number('Close in days', {
    min: 0,
    max: 3650,
    int: true,
    help: 'The close date, counted from the day (UTC) on which this step is reached.',
  }),
  amount: fields.number('Amount', { help: "In the org's currency." }).optional(),
  ownerId: ownerField(),
  description: fields.textarea('Description', { max: 32_000 }).optional(),
})

const output = z.object({
  id: z.string(),
  accountId: z.string(),
  url: z.string(),
  name: z.string(),
  stage: z.string(),
  closeDate: z.string(),
  amount: z.number().nullable(),
})

/**
 * Opens an opportunity on the Salesforce account of one of our accounts, which is made where it is missing.
 * @throws FaultError CONFIGURATION where the key field is not installed
 */
export const createOpportunity = defineAction<typeof input, typeof output, SalesforceClient>({
  type: 'salesforce.createOpportunity',
  version: 1,
  label: 'Create opportunity',
  help: 'Opens an opportunity on the account. Creates the account in Salesforce if it is not there.',
  group: 'Salesforce',
  icon: 'salesforce',
  summary: 'Create opportunity {name} in {stage}',
  connector: 'salesforce',
  input,
  output,
  sample,
  repeat: {
    mode: 'keyed',
    why: "The record carries the step's key in the unique field Signalbox_Key__c, so Salesforce refuses a second one and the first is answered.",
  },
  run: async (context) => {
    const { client, key } = context
    const { account, name, stage, closeInDays, amount, ownerId, description } = context.input
    await requireKeyField(client, 'Opportunity')
    const accountId = await findOrCreateAccount(context, account)
    const closeDate = dayAfter(context.intendedAt, closeInDays)
    const values: SalesforceValues = { Name: name, StageName: stage, CloseDate: closeDate, AccountId: accountId }
    if (amount !== undefined) values['Amount'] = amount
    if (ownerId !== undefined) values['OwnerId'] = ownerId
    if (description !== undefined) values['Description'] = description
    const { id } = await keyedCreate(client, { object: 'Opportunity', key, values })
    return {
      output: { id, accountId, url: client.recordUrl(id), name, stage, closeDate, amount: amount ?? null },
      externalId: id,
    }
  },
})
