import { AsyncLocalStorage } from 'node:async_hooks'
import type { Intercom } from 'intercom-client'
import type { ClientEnvironment, OpenedConnection } from '../define.ts'
import { FaultError } from '../fault.ts'
import type { Json } from '../manifest.ts'
import { type TagMemory, tagMemory } from './tag-memory.ts'
import { addressOf, MergedError, tokenOf, transport } from './transport.ts'
import type { ContactFields, IntercomClient, IntercomContact, IntercomEvent } from './types.ts'

/** Pinned: another version answers other shapes. The newest one this SDK release knows. */
const API_VERSION = '2.14'
/** A merge chain longer than this is no chain but a mistake. */
const MOST_HOPS = 3

/** Takes some 0.3 s: a worker does it before the first run needs it. */
export const loadSdk = () => import('intercom-client')

/** Makes the client over the official SDK, which is loaded here for the first time. @throws FaultError CONFIGURATION */
export async function intercomClient(
  connection: OpenedConnection,
  environment: ClientEnvironment,
): Promise<IntercomClient> {
  const { IntercomClient: Sdk } = await loadSdk()
  const failures = new AsyncLocalStorage<{ failure: unknown }>()
  const send = transport(connection, environment)
  const sdk = new Sdk({
    token: tokenOf(connection),
    baseUrl: addressOf(connection),
    version: API_VERSION,
    // The SDK would repeat any call, writes too. What to repeat is decided from the fault, in one place.
    maxRetries: 0,
    timeoutInSeconds: Math.ceil(environment.timeoutMs / 1000) + 1,
    // The SDK turns what `fetch` throws into an error of its own without a cause; the original is kept beside it.
    fetch: async (input, init) => {
      try {
        return await send(input, init)
      } catch (error) {
        const call = failures.getStore()
        if (call) call.failure = error
        throw error
      }
    },
  })
  const call = <T>(work: () => PromiseLike<T>): Promise<T> => {
    const slot: { failure: unknown } = { failure: undefined }
    return failures.run(slot, async () => {
      try {
        return await work()
      } catch (error) {
        throw slot.failure ?? unreadable(error)
      }
    })
  }
  const tags = tagMemory(connection)
  return { ...contactCalls(sdk, call), ...tagCalls({ sdk, call, tags }), ...otherCalls(sdk, call) }
}

type Sdk = InstanceType<typeof import('intercom-client')['IntercomClient']>
type Call = <T>(work: () => PromiseLike<T>) => Promise<T>

/** A success the SDK could not read: for a write it has landed, but what came of it is not known. */
function unreadable(error: unknown): FaultError {
  return new FaultError(
    {
      code: 'OUTCOME_UNKNOWN',
      who: 'signalbox',
      message: 'Intercom answered with something that could not be read.',
      fix: 'Nothing to do: Signalbox sends it again, which is safe here.',
    },
    { cause: error instanceof Error ? error.name : undefined },
  )
}

/** Does the work on the contact, or on the one it was merged into. */
async function onSurvivor<T>(id: string, work: (id: string) => Promise<T>): Promise<T> {
  let current = id
  for (let hop = 0; hop <= MOST_HOPS; hop += 1) {
    try {
      return await work(current)
    } catch (error) {
      if (!(error instanceof MergedError)) throw error
      current = error.into
    }
  }
  throw new FaultError({
    code: 'NOT_FOUND',
    who: 'user',
    message: `The Intercom contact ${id} was merged more than ${MOST_HOPS} times in a row.`,
    fix: 'Check the contact in Intercom, then run the step again.',
    vendor: { status: 410 },
  })
}

function contactCalls(sdk: Sdk, call: Call) {
  const unarchive = (id: string) => call(() => sdk.contacts.unarchive({ contact_id: id }))
  const updateContact = (id: string, fields: ContactFields) =>
    onSurvivor(id, async (contact_id) =>
      read(await call(() => sdk.contacts.update({ contact_id, ...vendorFields(fields) }))),
    )
  return {
    contact: (id: string) =>
      onSurvivor(id, async (contact_id) => read(await call(() => sdk.contacts.find({ contact_id })))),
    contactByExternalId: async (externalId: string): Promise<IntercomContact | null> => {
      try {
        return read(await call(() => sdk.contacts.showContactByExternalId({ external_id: externalId })))
      } catch (error) {
        if (error instanceof FaultError && error.fault.code === 'NOT_FOUND') return null
        throw error
      }
    },
    contactsByEmail: async (email: string): Promise<IntercomContact[]> => {
      // One page: more than one match is refused anyway.
      const query = { field: 'email', operator: '=' as const, value: email }
      const page = await call(() => sdk.contacts.search({ query, pagination: { per_page: 10 } }))
      return page.data.map(read)
    },
    createContact: async (fields: ContactFields): Promise<IntercomContact> => {
      try {
        // A role is what makes it a user; the SDK's type leaves no room for the others beside it.
        const body = { role: 'user', ...vendorFields(fields) }
        return read(await call(() => sdk.contacts.create(body as Intercom.CreateContactRequest)))
      } catch (error) {
        const existing = existingContact(error)
        if (!existing) throw error
        if (existing.archived) await unarchive(existing.id)
        return updateContact(existing.id, fields)
      }
    },
    updateContact,
  }
}

/** The contact a 409 names. Only the text says which: the published schema has no such answer. */
function existingContact(error: unknown): { id: string; archived: boolean } | null {
  if (!(error instanceof FaultError) || error.fault.code !== 'DUPLICATE') return null
  const id = /already exists with id=([0-9a-f]{24})/.exec(error.fault.message)?.[1]
  return id === undefined ? null : { id, archived: /archived contact/i.test(error.fault.message) }
}

function vendorFields({ externalId, email, name, phone, customAttributes }: ContactFields) {
  return {
    ...(externalId === undefined ? {} : { external_id: externalId }),
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
    ...(phone === undefined ? {} : { phone }),
    ...(customAttributes === undefined ? {} : { custom_attributes: customAttributes }),
  }
}

function read(contact: Partial<Intercom.Contact> | undefined): IntercomContact {
  if (!contact?.id) throw unreadable(undefined)
  return {
    id: contact.id,
    role: contact.role ?? 'user',
    externalId: contact.external_id ?? null,
    email: contact.email ?? null,
    name: contact.name ?? null,
    phone: contact.phone ?? null,
    // The SDK says `unknown`; it came as JSON.
    customAttributes: (contact.custom_attributes ?? {}) as { [name: string]: Json },
  }
}

function tagCalls({ sdk, call, tags }: { sdk: Sdk; call: Call; tags: TagMemory }) {
  const createOrFind = async (tag: string): Promise<string> => {
    const { id } = await call(() => sdk.tags.create({ name: tag }))
    if (!id) throw unreadable(undefined)
    tags.keep(tag, id)
    return id
  }
  const attach = (id: string, tagId: string) =>
    onSurvivor(id, async (contact_id) => {
      await call(() => sdk.tags.tagContact({ contact_id, id: tagId }))
      return contact_id
    })
  return {
    tagContact: async (id: string, tag: string) => {
      const remembered = tags.recall(tag)
      const tagId = remembered ?? (await createOrFind(tag))
      try {
        return { contactId: await attach(id, tagId), tagId, tag }
      } catch (error) {
        // The tag was deleted since we learnt its id: make it again, as a first call would have.
        if (remembered === undefined || !isTagGone(error)) throw error
        const fresh = await createOrFind(tag)
        return { contactId: await attach(id, fresh), tagId: fresh, tag }
      }
    },
    untagContact: async (id: string, tag: string) => {
      const tagId = tags.recall(tag) ?? (await tagIdNamed(sdk, call, tag))
      if (tagId === null) return { contactId: id, tagId: null, tag }
      tags.keep(tag, tagId)
      const contactId = await onSurvivor(id, async (contact_id) => {
        try {
          await call(() => sdk.tags.untagContact({ contact_id, tag_id: tagId }))
        } catch (error) {
          // Not on the contact (any more) is what was wanted.
          if (!isTagGone(error)) throw error
        }
        return contact_id
      })
      return { contactId, tagId, tag }
    },
  }
}

/** Looks without creating: POST /tags would make the tag it was asked to take off. */
async function tagIdNamed(sdk: Sdk, call: Call, tag: string): Promise<string | null> {
  const tags = await call(() => sdk.tags.list())
  return tags.data?.find(({ name }) => name?.toLowerCase() === tag.toLowerCase())?.id ?? null
}

const isTagGone = (error: unknown): boolean =>
  error instanceof FaultError && error.fault.code === 'NOT_FOUND' && /tag/i.test(error.message)

function otherCalls(sdk: Sdk, call: Call) {
  return {
    identity: async () => {
      const me = await call(() => sdk.admins.identify())
      if (!me?.app) throw unreadable(undefined)
      return {
        adminId: me.id ?? '',
        name: me.name ?? '',
        email: me.email ?? '',
        workspaceId: me.app.id_code ?? '',
        workspaceName: me.app.name ?? '',
        region: me.app.region ?? '',
      }
    },
    trackEvent: (event: IntercomEvent) =>
      onSurvivor(event.contactId, async (id) => {
        // The API takes numbers and booleans too; only the SDK's type says text.
        const metadata = event.metadata as { [name: string]: string }
        await call(() => sdk.events.create({ id, event_name: event.name, created_at: event.createdAt, metadata }))
        return { contactId: id }
      }),
  }
}
