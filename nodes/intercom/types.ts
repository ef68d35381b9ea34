import type { Json } from '../manifest.ts'

/** A contact of Intercom's, as much of it as the steps use. */
export interface IntercomContact {
  /** Intercom's id, 24 hex digits. */
  id: string
  role: string
  externalId: string | null
  email: string | null
  name: string | null
  phone: string | null
  customAttributes: { [name: string]: Json }
}

/** What can be set on a contact; absent names stay as they are, custom attributes are merged by name. */
export interface ContactFields {
  externalId?: string
  email?: string
  name?: string
  phone?: string
  customAttributes?: { [name: string]: string | number | boolean | null }
}

export interface IntercomIdentity {
  adminId: string
  name: string
  email: string
  workspaceId: string
  workspaceName: string
  region: string
}

/**
 * Intercom as the steps see it. Every method throws FaultError and nothing else, makes each HTTP call at most once
 * (once more after a renewed token), and draws one unit of the budget for each. A contact merged into another is
 * followed to the survivor, whose id is in the answer.
 */
export interface IntercomClient {
  identity(): Promise<IntercomIdentity>
  /** @throws FaultError NOT_FOUND */
  contact(id: string): Promise<IntercomContact>
  /** Users only: leads have no external id. */
  contactByExternalId(externalId: string): Promise<IntercomContact | null>
  /** Intercom's search may be minutes behind for new contacts, and an e-mail may belong to several. */
  contactsByEmail(email: string): Promise<IntercomContact[]>
  /** Creates a user, or changes the one Intercom says is there already (also when it is archived). */
  createContact(fields: ContactFields): Promise<IntercomContact>
  updateContact(id: string, fields: ContactFields): Promise<IntercomContact>
  /** Creates the tag when it is new. */
  tagContact(id: string, tag: string): Promise<{ contactId: string; tagId: string; tag: string }>
  /** `tagId` is null when the workspace has no such tag: then there was nothing to take off. */
  untagContact(id: string, tag: string): Promise<{ contactId: string; tagId: string | null; tag: string }>
  trackEvent(event: IntercomEvent): Promise<{ contactId: string }>
}

export interface IntercomEvent {
  contactId: string
  name: string
  /** Whole seconds since 1970. Intercom drops a second event of the same contact, name and second. */
  createdAt: number
  metadata: { [name: string]: string | number | boolean | null }
}
