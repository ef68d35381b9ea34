import type { ActionContext, SubjectRef } from '../define.ts'
import { FaultError } from '../fault.ts'
import type { ContactFields, IntercomClient, IntercomContact } from './types.ts'

type Context = Pick<ActionContext<{ contact: string }, IntercomClient>, 'client' | 'input' | 'subject' | 'link'>

/**
 * Does a piece of work on the Intercom contact that stands for ours: found by link, else external id, else e-mail. The
 * id it ends on is remembered. A link that leads nowhere any more (deleted there) is looked up afresh, once.
 * @param work answers, among what it likes, the id it ended on: a merged contact is followed by the client
 * @throws FaultError NOT_FOUND when Intercom has no such contact, INVALID_INPUT when the e-mail belongs to several
 */
export async function onContact<T extends { contactId: string }>(
  context: Context,
  work: (contactId: string, found: IntercomContact | null) => Promise<T>,
): Promise<T> {
  const subject = await context.subject('contact', context.input.contact)
  const linked = subject.links.intercom
  if (linked !== undefined) {
    try {
      return await remembered(context, linked, await work(linked, null))
    } catch (error) {
      if (!isContactGone(error)) throw error
    }
  }
  const found = await lookUp(context.client, subject)
  if (!found) throw noContact(subject)
  return remembered(context, linked, await work(found.id, found))
}

/** Like `onContact`, but makes the contact when Intercom has none. @throws FaultError */
export async function onContactOrNew<T extends { contactId: string }>(
  context: Context,
  work: {
    change(contactId: string, found: IntercomContact | null): Promise<T>
    create(identity: ContactFields): Promise<T>
  },
): Promise<T> {
  try {
    return await onContact(context, work.change)
  } catch (error) {
    if (!(error instanceof FaultError) || !noContacts.has(error)) throw error
  }
  const subject = await context.subject('contact', context.input.contact)
  const { externalId, email, name } = subject
  if (externalId === null && email === null)
    throw new FaultError({
      code: 'INVALID_INPUT',
      who: 'user',
      message: `The contact ${subject.id} has neither an external id nor an e-mail, and an Intercom user needs one.`,
      fix: 'Send an e-mail or a user id for the contact first, or branch on it before this step.',
    })
  const made = await work.create({
    ...(externalId === null ? {} : { externalId }),
    ...(email === null ? {} : { email }),
    ...(name === null ? {} : { name }),
  })
  return remembered(context, subject.links.intercom, made)
}

async function remembered<T extends { contactId: string }>(
  { link, input }: Context,
  linked: string | undefined,
  done: T,
): Promise<T> {
  if (done.contactId !== linked) await link('contact', input.contact, done.contactId)
  return done
}

async function lookUp(client: IntercomClient, subject: SubjectRef): Promise<IntercomContact | null> {
  if (subject.externalId !== null) {
    const found = await client.contactByExternalId(subject.externalId)
    if (found) return found
  }
  if (subject.email === null) return null
  const matches = await client.contactsByEmail(subject.email)
  if (matches.length > 1) throw severalContacts(subject.email, matches)
  return matches[0] ?? null
}

/** Only a 404 of the contact itself: a missing tag or attribute is another matter. */
const isContactGone = (error: unknown): boolean =>
  error instanceof FaultError && error.fault.code === 'NOT_FOUND' && error.fault.vendor?.code === 'not_found'

/** Our own "there is none", told apart from Intercom's 404s. */
const noContacts = new WeakSet<FaultError>()

function noContact({ id, externalId, email }: SubjectRef): FaultError {
  const keys = [externalId === null ? '' : `external id ${externalId}`, email === null ? '' : `e-mail ${email}`]
  const by = keys.filter(Boolean).join(' or ') || 'neither external id nor e-mail to look by'
  const error = new FaultError({
    code: 'NOT_FOUND',
    who: 'user',
    message: `Intercom has no contact for ${id} (${by}).`,
    fix: 'Create the contact in Intercom, or put an "Update contact" step with "Create if missing" before this one.',
  })
  noContacts.add(error)
  return error
}

function severalContacts(email: string, matches: IntercomContact[]): FaultError {
  const ids = matches.map(({ id, role }) => `${id} (${role})`).join(', ')
  return new FaultError({
    code: 'INVALID_INPUT',
    who: 'user',
    message: `Several Intercom contacts have the e-mail ${email}: ${ids}.`,
    fix: 'Merge them in Intercom, or give the right one your user id as its external id, so that it can be told apart.',
  })
}
