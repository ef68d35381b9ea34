import { z } from 'zod'
import { defineAction } from '../define.ts'
import { FaultError } from '../fault.ts'
import { fields } from '../fields.ts'
import sample from './fixtures/upsert-record.json' with { type: 'json' }
import type { SalesforceClient, SalesforceValues } from './types.ts'

/** API names travel in a path, where nothing but a name may stand. */
const apiName = z.string().regex(/^[A-Za-z]\w{0,79}$/, 'Use the API name from Object Manager, e.g. Contact or Plan__c.')

const input = z.object({
  object: fields.of(apiName, { widget: 'text', label: 'Object', placeholder: 'Contact', template: false }),
  externalIdField: fields.of(apiName, {
    widget: 'text',
    label: 'External id field',
    placeholder: 'Signalbox_Key__c',
    help: 'A field marked "External ID" and "Unique" in Salesforce.',
    template: false,
  }),
  externalId: fields.text('External id', { max: 255, placeholder: '{{ contact.externalId }}' }),
  values: fields.keyValue('Values', { help: 'Field API names and what to write. An empty value clears the field.' }),
})

const output = z.object({ id: z.string(), object: z.string(), created: z.boolean(), url: z.string() })

/** Fields that the step itself fills, or that the SDK would take for its own. */
const RESERVED = new Set(['id', 'type', 'attributes'])

/**
 * Inserts or updates the one record with an external id.
 * @throws FaultError INVALID_INPUT for values that name the external id or the record's id again
 */
export const upsertRecord = defineAction<typeof input, typeof output, SalesforceClient>({
  type: 'salesforce.upsertRecord',
  version: 1,
  label: 'Create or update record',
  help: 'Finds the record by an external id and updates it, or creates it.',
  group: 'Salesforce',
  icon: 'salesforce',
  summary: 'Create or update {object} {externalId}',
  connector: 'salesforce',
  input,
  output,
  sample,
  repeat: {
    mode: 'keyed',
    why: 'Salesforce matches the external id itself: a repeat updates the same record to the same values.',
  },
  run: async ({ client, input: { object, externalIdField, externalId, values } }) => {
    refuseReserved(values, externalIdField)
    const { id, created } = await client.upsert({ object, externalIdField, externalId, values })
    return { output: { id, object, created, url: client.recordUrl(id) }, externalId: id }
  },
})

function refuseReserved(values: SalesforceValues, externalIdField: string): void {
  const own = externalIdField.toLowerCase()
  for (const name of Object.keys(values)) {
    const same = name.toLowerCase()
    const clash = same === own || (RESERVED.has(same) && name !== 'Type')
    if (!clash && apiName.safeParse(name).success) continue
    throw new FaultError({
      code: 'INVALID_INPUT',
      who: 'user',
      message: clash ? `The values may not set ${name}.` : `"${name}" is no Salesforce field name.`,
      fix: clash ? 'Take it out: the record is found by its external id.' : 'Use the API name from Object Manager.',
    })
  }
}
