import type { Json } from '../manifest.ts'
import type { SoqlFragment } from './soql.ts'

/** What actions need of Salesforce; `client.ts` makes it over the vendor's SDK, so that definitions import none. */
export interface SalesforceClient {
  /** Who the grant belongs to. One call. @throws FaultError */
  identity(): Promise<SalesforceIdentity>
  /**
   * An object's fields as this grant sees them. Kept for some minutes per connection; `accept` says whether a kept
   * description will do. @throws FaultError
   */
  describe(object: string, accept?: (object: SalesforceObject) => boolean): Promise<SalesforceObject>
  /** All rows of a query, at most 2,000; `deleted` looks into the recycle bin too. @throws FaultError */
  query(statement: SoqlFragment, more?: { deleted?: boolean }): Promise<SalesforceRow[]>
  /** Inserts one record. @throws FaultError, DUPLICATE when a unique field refuses it */
  create(object: string, values: SalesforceValues): Promise<{ id: string }>
  /** Inserts or updates the one record with this external id. @throws FaultError */
  upsert(request: UpsertRequest): Promise<{ id: string; created: boolean }>
  /**
   * Adds a text field to an object, through the Tooling API. Nobody sees it until someone is given it.
   * @throws FaultError DUPLICATE where the org has it already
   */
  createTextField(field: NewTextField): Promise<void>
  /** Where a person opens the record. */
  recordUrl(id: string): string
}

export type SalesforceValues = { [field: string]: string | number | boolean | null }
export type SalesforceRow = { [field: string]: Json }

export interface NewTextField {
  object: string
  /** With its `__c`. */
  name: string
  label: string
  length: number
  description: string
  externalId: boolean
  unique: boolean
}

export interface UpsertRequest {
  object: string
  externalIdField: string
  externalId: string
  values: SalesforceValues
}

export interface SalesforceIdentity {
  userId: string
  organizationId: string
  username: string
  email: string | null
  instanceUrl: string
}

export interface SalesforceObject {
  name: string
  fields: SalesforceField[]
}

export interface SalesforceField {
  name: string
  type: string
  length: number
  externalId: boolean
  unique: boolean
  createable: boolean
  updateable: boolean
}
