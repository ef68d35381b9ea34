import { z } from 'zod'
import type { ActionContext } from '../define.ts'
import { defineAction } from '../define.ts'
import { FaultError } from '../fault.ts'
import { fields } from '../fields.ts'
import { findAccount } from './find-account.ts'
import { findPerson, isLead } from './find-person.ts'
import sample from './fixtures/create-task.json' with { type: 'json' }
import { soql } from './soql.ts'
import { dayAfter, ownerField } from './step-fields.ts'
import type { SalesforceClient, SalesforceRow, SalesforceValues } from './types.ts'

const input = z.object({
  contact: fields.contact().optional(),
  account: fields.account().optional(),
  subject: fields.text('Subject', { max: 255 }),
  // Salesforce takes 32,000; the rest is for the marker.
  description: fields.textarea('Description', { max: 31_500 }).optional(),
  dueInDays: fields
    .number('Due in days', {
      min: 0,
      max: 3650,
      int: true,
      help: 'Counted from the day (UTC) on which this step is reached.',
    })
    .optional(),
  ownerId: ownerField(),
})

const output = z.object({
  id: z.string(),
  whoId: z.string().nullable(),
  whatId: z.string().nullable(),
  url: z.string(),
  subject: z.string(),
  dueDate: z.string().nullable(),
})

type Context = ActionContext<z.output<typeof input>, SalesforceClient>
type Parents = { whoId: string | null; whatId: string | null }

/** Salesforce ends a request after 10 minutes: until then a lost call may still write, and looking proves nothing. */
const VENDOR_REQUEST_LIMIT_MS = 10 * 60_000

/** How far Salesforce's clock may lag behind ours. A generous one costs nothing: the marker decides. */
const CLOCK_MARGIN_MS = 60 * 60_000

/** The last line of the description. Custom fields for tasks sit on Activity, and not every org can make one unique. */
const markerOf = (key: string): string => `Signalbox ${key}`

/**
 * Puts a task on a person, an account or both.
 * @throws FaultError INVALID_INPUT when it would hang on nothing, or on a lead together with an account
 */
export const createTask = defineAction<typeof input, typeof output, SalesforceClient>({
  type: 'salesforce.createTask',
  version: 1,
  label: 'Create task',
  help: 'Gives the owner a task on the contact, the account or both.',
  group: 'Salesforce',
  icon: 'salesforce',
  summary: 'Create task {subject}',
  connector: 'salesforce',
  input,
  output,
  sample,
  repeat: {
    mode: 'readBack',
    why: "Tasks have no unique field to key on, so after a lost answer the parent's tasks are read and searched for the step's marker.",
  },
  run: async (context) => {
    const parents = await findParents(context)
    const { subject, description, ownerId } = context.input
    const dueDate = dueDateOf(context)
    const marker = markerOf(context.key)
    const values: SalesforceValues = {
      Subject: subject,
      Description: description === undefined ? marker : `${description}\n\n${marker}`,
    }
    if (parents.whoId !== null) values['WhoId'] = parents.whoId
    if (parents.whatId !== null) values['WhatId'] = parents.whatId
    if (dueDate !== null) values['ActivityDate'] = dueDate
    if (ownerId !== undefined) values['OwnerId'] = ownerId
    const { id } = await context.client.create('Task', values)
    return resultOf(context, id, parents)
  },
  readBack: {
    notBeforeMs: VENDOR_REQUEST_LIMIT_MS,
    look: async (context) => {
      const parents = await findParents(context)
      const rows = await context.client.query(tasksOf(context, parents), { deleted: true })
      const marker = markerOf(context.key)
      const found = rows.find((row) => linesOf(row).includes(marker))
      if (!found || typeof found['Id'] !== 'string') return { landed: false }
      return { landed: true, result: resultOf(context, found['Id'], parents) }
    },
  },
})

/**
 * The tasks among which ours must be. The owner is no part of it: a person may have handed the task on, and then it
 * would be missed and made twice. Salesforce cannot search a long description, so the marker is compared here.
 */
function tasksOf(context: Context, { whoId, whatId }: Parents) {
  const since = new Date(context.intendedAt.getTime() - CLOCK_MARGIN_MS)
  const parent =
    whoId !== null && whatId !== null
      ? soql`(WhoId = ${whoId} OR WhatId = ${whatId})`
      : whoId !== null
        ? soql`WhoId = ${whoId}`
        : soql`WhatId = ${whatId}`
  return soql`SELECT Id, Description FROM Task WHERE ${parent} AND CreatedDate >= ${since} ORDER BY CreatedDate, Id`
}

/** Every line, not the last alone: people write below it. */
function linesOf(row: SalesforceRow): string[] {
  const description = typeof row['Description'] === 'string' ? row['Description'] : ''
  return description.split(/\r?\n/).map((line) => line.trim())
}

async function findParents(context: Context): Promise<Parents> {
  const { contact, account } = context.input
  if (contact === undefined && account === undefined)
    throw refuse('The task names neither a contact nor an account.', 'Fill in at least one of them.')
  const whoId = contact === undefined ? null : await findPerson(context, contact)
  if (whoId !== null && isLead(whoId) && account !== undefined)
    throw refuse(
      `Contact ${contact} is a lead in Salesforce (${whoId}), and a task on a lead cannot name an account too.`,
      'Leave the account empty, or convert the lead.',
    )
  const whatId = account === undefined ? null : await findAccount(context, account)
  if (account !== undefined && whatId === null)
    throw new FaultError({
      code: 'NOT_FOUND',
      who: 'user',
      message: `Account ${account} is not in Salesforce.`,
      fix: 'Create the account in Salesforce, or link it to the right record.',
    })
  return { whoId, whatId }
}

function dueDateOf(context: Context): string | null {
  const { dueInDays } = context.input
  return dueInDays === undefined ? null : dayAfter(context.intendedAt, dueInDays)
}

function resultOf(context: Context, id: string, parents: Parents) {
  const { subject } = context.input
  const url = context.client.recordUrl(id)
  return { output: { id, ...parents, url, subject, dueDate: dueDateOf(context) }, externalId: id }
}

function refuse(message: string, fix: string): FaultError {
  return new FaultError({ code: 'INVALID_INPUT', who: 'user', message, fix })
}
