import type { Json } from '../../manifest.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import type { FieldSpec, FieldType, ObjectSpec } from './schema.ts'

const SOAP_TYPES: { [type in FieldType]?: string } = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  currency: 'xsd:double',
  percent: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
}

/** An object as the list of all objects shows it. */
export function describeBrief(object: ObjectSpec, version: string): RecordBody {
  const base = `/services/data/v${version}/sobjects/${object.name}`
  return {
    activateable: false,
    createable: object.createable,
    custom: false,
    customSetting: false,
    deletable: object.createable,
    deprecatedAndHidden: false,
    feedEnabled: false,
    hasSubtypes: false,
    isSubtype: false,
    keyPrefix: object.keyPrefix,
    label: object.label,
    labelPlural: object.labelPlural,
    layoutable: true,
    mergeable: ['Account', 'Contact', 'Lead'].includes(object.name),
    mruEnabled: true,
    name: object.name,
    queryable: true,
    replicateable: true,
    retrieveable: true,
    searchable: true,
    triggerable: true,
    undeletable: object.createable,
    updateable: object.createable,
    urls: { sobject: base, describe: `${base}/describe`, rowTemplate: `${base}/{ID}` },
  }
}

/** An object with its fields. */
export function describeFull(object: ObjectSpec, version: string): RecordBody {
  return {
    ...describeBrief(object, version),
    actionOverrides: [],
    childRelationships: [],
    compactLayoutable: true,
    fields: object.fields.map(describeField),
    namedLayoutInfos: [],
    recordTypeInfos: [
      {
        active: true,
        available: true,
        defaultRecordTypeMapping: true,
        developerName: 'Master',
        master: true,
        name: 'Master',
        recordTypeId: '012000000000000AAA',
      },
    ],
    supportedScopes: [],
  }
}

function describeField(field: FieldSpec): Json {
  const decimal = field.type === 'currency' || field.type === 'percent'
  return {
    aggregatable: true,
    autoNumber: false,
    byteLength: field.length * 3,
    calculated: false,
    caseSensitive: false,
    controllerName: null,
    createable: field.createable,
    custom: field.name.endsWith('__c'),
    defaultValue: field.defaultValue,
    // What the server fills in by itself need not be sent.
    defaultedOnCreate:
      field.defaultValue !== null || field.name === 'OwnerId' || (!field.createable && !field.nillable),
    dependentPicklist: false,
    deprecatedAndHidden: false,
    digits: field.type === 'int' ? 8 : 0,
    externalId: field.externalId,
    filterable: field.type !== 'textarea',
    groupable: false,
    idLookup: field.externalId || field.name === 'Id' || field.type === 'email',
    label: field.label,
    length: field.length,
    name: field.name,
    nameField: field.name === 'Name',
    nillable: field.nillable,
    permissionable: field.nillable,
    picklistValues: field.picklist.map((value) => ({
      active: true,
      defaultValue: value === field.defaultValue,
      label: value,
      validFor: null,
      value,
    })),
    polymorphicForeignKey: field.referenceTo.length > 1,
    precision: decimal ? 18 : 0,
    referenceTo: field.referenceTo,
    relationshipName: field.relationshipName,
    restrictedPicklist: field.restricted,
    scale: decimal ? 2 : 0,
    soapType: SOAP_TYPES[field.type] ?? 'xsd:string',
    sortable: field.type !== 'textarea',
    type: field.type,
    unique: field.unique,
    updateable: field.updateable,
  }
}
