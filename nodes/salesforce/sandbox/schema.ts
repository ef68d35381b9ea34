/** The objects and fields of the stand-in org: the part of Salesforce's standard schema that Signalbox meets. */

export type FieldType =
  | 'id'
  | 'string'
  | 'textarea'
  | 'picklist'
  | 'combobox'
  | 'boolean'
  | 'int'
  | 'currency'
  | 'percent'
  | 'date'
  | 'datetime'
  | 'email'
  | 'phone'
  | 'url'
  | 'reference'

export interface FieldSpec {
  name: string
  label: string
  type: FieldType
  /** Characters; 0 for what is no text. */
  length: number
  nillable: boolean
  createable: boolean
  updateable: boolean
  /** Filled in on create when the call leaves it out. */
  defaultValue: string | boolean | null
  externalId: boolean
  unique: boolean
  picklist: string[]
  restricted: boolean
  referenceTo: string[]
  relationshipName: string | null
}

export interface ObjectSpec {
  name: string
  label: string
  labelPlural: string
  keyPrefix: string
  createable: boolean
  fields: FieldSpec[]
  /** Fields that the store keeps an index of. */
  indexed: string[]
}

type More = Partial<FieldSpec>

const base: Omit<FieldSpec, 'name' | 'label' | 'type'> = {
  length: 0,
  nillable: true,
  createable: true,
  updateable: true,
  defaultValue: null,
  externalId: false,
  unique: false,
  picklist: [],
  restricted: false,
  referenceTo: [],
  relationshipName: null,
}

const LENGTHS: { [type in FieldType]?: number } = {
  id: 18,
  reference: 18,
  picklist: 255,
  combobox: 255,
  email: 80,
  phone: 40,
  url: 255,
  textarea: 32_000,
}

/** `LastName` reads "Last Name", `AccountId` "Account ID": as Salesforce labels its own. */
const labelOf = (name: string): string =>
  name
    .replace(/__c$/, '')
    .replaceAll('_', ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/ Id$/, ' ID')

const spec = (name: string, type: FieldType, more: More = {}): FieldSpec => ({
  ...base,
  length: LENGTHS[type] ?? 0,
  ...more,
  name,
  label: more.label ?? labelOf(name),
  type,
})

const text = (name: string, length: number, more: More = {}) => spec(name, 'string', { length, ...more })
const required: More = { nillable: false }
const readOnly: More = { createable: false, updateable: false }
const pick = (name: string, values: string[], more: More = {}) => spec(name, 'picklist', { picklist: values, ...more })
const lookup = (name: string, referenceTo: string[], more: More = {}) =>
  spec(name, 'reference', { referenceTo, relationshipName: name.replace(/Id$/, ''), ...more })

/** Stages of the standard sales process: what Salesforce derives from each. */
export const STAGES: { [name: string]: { probability: number; closed: boolean; won: boolean } } = {
  Prospecting: { probability: 10, closed: false, won: false },
  Qualification: { probability: 10, closed: false, won: false },
  'Needs Analysis': { probability: 20, closed: false, won: false },
  'Value Proposition': { probability: 50, closed: false, won: false },
  'Id. Decision Makers': { probability: 60, closed: false, won: false },
  'Perception Analysis': { probability: 70, closed: false, won: false },
  'Proposal/Price Quote': { probability: 75, closed: false, won: false },
  'Negotiation/Review': { probability: 90, closed: false, won: false },
  'Closed Won': { probability: 100, closed: true, won: true },
  'Closed Lost': { probability: 0, closed: true, won: false },
}

const LEAD_SOURCES = ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other']

const system: FieldSpec[] = [
  spec('Id', 'id', { ...readOnly, nillable: false }),
  spec('IsDeleted', 'boolean', { ...readOnly, nillable: false, defaultValue: false }),
  spec('CreatedDate', 'datetime', { ...readOnly, nillable: false }),
  lookup('CreatedById', ['User'], { ...readOnly, nillable: false }),
  spec('LastModifiedDate', 'datetime', { ...readOnly, nillable: false }),
  lookup('LastModifiedById', ['User'], { ...readOnly, nillable: false }),
  spec('SystemModstamp', 'datetime', { ...readOnly, nillable: false }),
]
const owner = lookup('OwnerId', ['User'], { nillable: false })
const description = spec('Description', 'textarea')
const key = text('Signalbox_Key__c', 255, { externalId: true, unique: true, label: 'Signalbox Key' })
// An external id that nobody made unique: orgs have them, and upserts by them can match several records.
const legacy = text('Legacy_Id__c', 60, { externalId: true, label: 'Legacy Id' })

const object = (
  name: string,
  keyPrefix: string,
  more: { fields: FieldSpec[]; indexed: string[]; plural?: string },
) => ({
  name,
  label: name,
  labelPlural: more.plural ?? `${name}s`,
  keyPrefix,
  createable: name !== 'User',
  fields: [...system, ...more.fields],
  indexed: more.indexed,
})

export const OBJECTS: ObjectSpec[] = [
  object('Account', '001', {
    indexed: ['Name', 'AccountNumber', 'Website', key.name, legacy.name],
    fields: [
      text('Name', 255, { ...required, label: 'Account Name' }),
      text('AccountNumber', 40),
      pick('Type', ['Prospect', 'Customer - Direct', 'Customer - Channel', 'Partner', 'Other']),
      pick('Industry', ['Banking', 'Education', 'Manufacturing', 'Retail', 'Technology', 'Other']),
      pick('Rating', ['Hot', 'Warm', 'Cold'], { restricted: true }),
      spec('Website', 'url'),
      spec('Phone', 'phone'),
      spec('NumberOfEmployees', 'int', { label: 'Employees' }),
      spec('AnnualRevenue', 'currency'),
      text('BillingCity', 40),
      text('BillingCountry', 80),
      lookup('ParentId', ['Account']),
      description,
      owner,
      legacy,
      key,
    ],
  }),
  object('Contact', '003', {
    indexed: ['Email', 'AccountId', key.name, legacy.name],
    fields: [
      text('LastName', 80, required),
      text('FirstName', 40),
      text('Name', 121, { ...readOnly, label: 'Full Name' }),
      lookup('AccountId', ['Account']),
      spec('Email', 'email'),
      spec('Phone', 'phone'),
      text('Title', 128),
      text('Department', 80),
      text('MailingCity', 40),
      text('MailingCountry', 80),
      pick('LeadSource', LEAD_SOURCES),
      description,
      owner,
      legacy,
      key,
    ],
  }),
  object('Lead', '00Q', {
    indexed: ['Email', key.name, legacy.name],
    fields: [
      text('LastName', 80, required),
      text('FirstName', 40),
      text('Name', 121, { ...readOnly, label: 'Full Name' }),
      text('Company', 255, required),
      spec('Email', 'email'),
      spec('Phone', 'phone'),
      text('Title', 128),
      spec('Website', 'url'),
      pick('Status', ['Open - Not Contacted', 'Working - Contacted', 'Closed - Converted', 'Closed - Not Converted'], {
        ...required,
        defaultValue: 'Open - Not Contacted',
      }),
      pick('LeadSource', LEAD_SOURCES),
      pick('Rating', ['Hot', 'Warm', 'Cold'], { restricted: true }),
      spec('IsConverted', 'boolean', { ...readOnly, nillable: false, defaultValue: false }),
      lookup('ConvertedAccountId', ['Account'], readOnly),
      lookup('ConvertedContactId', ['Contact'], readOnly),
      lookup('ConvertedOpportunityId', ['Opportunity'], readOnly),
      description,
      owner,
      legacy,
      key,
    ],
  }),
  object('Opportunity', '006', {
    plural: 'Opportunities',
    indexed: ['Name', 'AccountId', key.name, legacy.name],
    fields: [
      text('Name', 120, required),
      lookup('AccountId', ['Account']),
      pick('StageName', Object.keys(STAGES), { ...required, label: 'Stage' }),
      spec('CloseDate', 'date', required),
      spec('Amount', 'currency'),
      spec('Probability', 'percent', { label: 'Probability (%)' }),
      pick('Type', ['Existing Customer - Upgrade', 'Existing Customer - Replacement', 'New Customer']),
      pick('LeadSource', LEAD_SOURCES),
      text('NextStep', 255),
      spec('IsClosed', 'boolean', { ...readOnly, nillable: false, defaultValue: false, label: 'Closed' }),
      spec('IsWon', 'boolean', { ...readOnly, nillable: false, defaultValue: false, label: 'Won' }),
      description,
      owner,
      legacy,
      key,
    ],
  }),
  object('Task', '00T', {
    indexed: ['WhoId', 'WhatId'],
    fields: [
      spec('Subject', 'combobox', { picklist: ['Call', 'Email', 'Send Letter', 'Send Quote', 'Other'] }),
      pick('Status', ['Not Started', 'In Progress', 'Completed', 'Waiting on someone else', 'Deferred'], {
        ...required,
        defaultValue: 'Not Started',
      }),
      pick('Priority', ['High', 'Normal', 'Low'], { ...required, defaultValue: 'Normal' }),
      spec('ActivityDate', 'date', { label: 'Due Date Only' }),
      lookup('WhoId', ['Contact', 'Lead'], { label: 'Name ID' }),
      lookup('WhatId', ['Account', 'Opportunity'], { label: 'Related To ID' }),
      spec('IsClosed', 'boolean', { ...readOnly, nillable: false, defaultValue: false, label: 'Closed' }),
      description,
      { ...owner, label: 'Assigned To ID' },
    ],
  }),
  object('User', '005', {
    indexed: ['Username', 'Email'],
    fields: [
      text('Username', 80, required),
      text('LastName', 80, required),
      text('FirstName', 40),
      text('Name', 121, { ...readOnly, label: 'Full Name' }),
      spec('Email', 'email', required),
      text('Alias', 8, required),
      spec('IsActive', 'boolean', { nillable: false, defaultValue: true, label: 'Active' }),
    ],
  }),
  object('PermissionSet', '0PS', {
    indexed: ['Name'],
    fields: [text('Name', 80, required), text('Label', 80, required), text('Description', 255)],
  }),
  object('PermissionSetAssignment', '0Pa', {
    indexed: ['PermissionSetId', 'AssigneeId'],
    fields: [lookup('PermissionSetId', ['PermissionSet'], required), lookup('AssigneeId', ['User'], required)],
  }),
  object('FieldPermissions', '01k', {
    plural: 'FieldPermissions',
    indexed: ['ParentId', 'Field'],
    fields: [
      lookup('ParentId', ['PermissionSet'], required),
      text('SobjectType', 80, required),
      text('Field', 200, required),
      spec('PermissionsRead', 'boolean', { nillable: false, defaultValue: false }),
      spec('PermissionsEdit', 'boolean', { nillable: false, defaultValue: false }),
    ],
  }),
]

/** A text field as the Tooling API makes one. */
export const customText = (
  name: string,
  length: number,
  more: { label: string; externalId: boolean; unique: boolean },
): FieldSpec => text(name, length, more)
