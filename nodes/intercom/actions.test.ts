import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { call, control, openIntercom, records, startIntercom } from '../../test/helpers/intercom.ts'
import { clientEnvironment, faultOf } from '../../test/helpers/step-context.ts'
import type { ActionContext, OpenedConnection, SubjectRef } from '../define.ts'
import type { RunningSandbox } from '../sandbox/host.ts'
import { intercomConnector } from './connector.ts'
import { tagContact } from './tag-contact.action.ts'
import { trackEvent } from './track-event.action.ts'
import type { IntercomClient } from './types.ts'
import { untagContact } from './untag-contact.action.ts'
import { updateContact } from './update-contact.action.ts'

const OURS = '0190a6c2-7f00-7000-8000-000000000001'
const ada: SubjectRef = {
  kind: 'contact',
  id: OURS,
  externalId: 'u1',
  email: 'ada@example.com',
  name: 'Ada Byron',
  links: {},
  properties: {},
}

let sandbox: RunningSandbox
let connection: OpenedConnection
let client: IntercomClient
let links: Array<[string, string, string]>

beforeEach(async () => {
  sandbox = await startIntercom()
  connection = await openIntercom(sandbox)
  client = await intercomConnector.client(connection, clientEnvironment())
  links = []
})
afterEach(() => sandbox.close())

/** What the shell hands an action, with the contact as given. */
function context<I extends { contact: string }>(input: I, subject: SubjectRef = ada): ActionContext<I, IntercomClient> {
  return {
    input,
    client,
    key: 'run-1:step:1',
    consent: () => Promise.resolve({ unsubscribed: false, unsubscribeUrl: null }),
    subject: () => Promise.resolve(subject),
    link: (kind, id, vendorId) => {
      links.push([kind, id, vendorId])
      return Promise.resolve()
    },
    intendedAt: new Date('2026-03-02T09:30:00.750Z'),
    signal: new AbortController().signal,
  }
}

const addContact = async (body: object) => (await control(sandbox, 'POST', 'records/contacts', body)).data
const only = async () => {
  const [contact] = await records(sandbox, 'contacts')
  if (!contact) throw new Error('There is no contact.')
  return contact
}
const callsMade = async () => {
  const response = await fetch(`${sandbox.url}/_sandbox/intercom/requests`)
  const { data } = (await response.json()) as { data: Array<{ method: string; path: string }> }
  return data.map(({ method, path }) => `${method} ${path.replace(/[0-9a-f]{24}/, ':id')}`).toReversed()
}

describe('finding the contact', () => {
  it('goes by the external id, and remembers what it found', async () => {
    const { id } = await addContact({ external_id: 'u1' })
    await tagContact.run(context({ contact: OURS, tag: 'vip' }))
    expect(links).toEqual([['contact', OURS, id]])
  })

  it('goes by the e-mail when no contact has the external id', async () => {
    const { id } = await addContact({ email: 'Ada@Example.com' })
    const { output } = await tagContact.run(context({ contact: OURS, tag: 'vip' }))
    expect(output.contactId).toBe(id)
  })

  it('needs no look-up with a link, and a known tag is attached with one call', async () => {
    const { id } = await addContact({ external_id: 'u1' })
    const linked = { ...ada, links: { intercom: id } }
    await tagContact.run(context({ contact: OURS, tag: 'vip' }, linked))
    // Every step opens a client of its own; what it learnt is the process's.
    client = await intercomConnector.client(connection, clientEnvironment())
    await tagContact.run(context({ contact: OURS, tag: 'vip' }, linked))
    expect(await callsMade()).toEqual([
      'POST /intercom/tags',
      'POST /intercom/contacts/:id/tags',
      'POST /intercom/contacts/:id/tags',
    ])
    expect(links).toEqual([])
  })

  it('looks afresh when the linked contact is gone', async () => {
    const gone = await addContact({ external_id: 'old' })
    await call(connection, 'DELETE', `/contacts/${gone.id}`)
    const { id } = await addContact({ external_id: 'u1' })
    const linked = { ...ada, links: { intercom: gone.id } }
    const { output } = await tagContact.run(context({ contact: OURS, tag: 'vip' }, linked))
    expect(output.contactId).toBe(id)
    expect(links).toEqual([['contact', OURS, id]])
  })

  it('moves the link to the survivor of a merge', async () => {
    const user = await addContact({ external_id: 'u1', email: 'ada@example.com' })
    const lead = await addContact({ role: 'lead', email: 'ada@example.com' })
    await call(connection, 'POST', '/contacts/merge', { from: lead.id, into: user.id })
    await tagContact.run(context({ contact: OURS, tag: 'vip' }, { ...ada, links: { intercom: lead.id } }))
    expect(links).toEqual([['contact', OURS, user.id]])
  })

  it('refuses an e-mail that several contacts have, and names them', async () => {
    const one = await addContact({ role: 'lead', email: 'ada@example.com' })
    const two = await addContact({ role: 'lead', email: 'ada@example.com' })
    const fault = await faultOf(tagContact.run(context({ contact: OURS, tag: 'vip' })))
    expect(fault).toMatchObject({ code: 'INVALID_INPUT', who: 'user' })
    expect(fault.message).toContain(one.id)
    expect(fault.message).toContain(two.id)
  })

  it('says by what it looked when there is none, and writes nothing', async () => {
    const fault = await faultOf(tagContact.run(context({ contact: OURS, tag: 'vip' })))
    expect(fault).toMatchObject({ code: 'NOT_FOUND', who: 'user' })
    expect(fault.message).toContain('external id u1 or e-mail ada@example.com')
    expect(await records(sandbox, 'tags')).toEqual([])
  })
})

describe('intercom.tagContact', () => {
  it('creates the tag and attaches it; a repeat changes nothing', async () => {
    const { id } = await addContact({ external_id: 'u1' })
    const first = await tagContact.run(context({ contact: OURS, tag: 'Expansion' }))
    const second = await tagContact.run(context({ contact: OURS, tag: 'expansion' }))
    expect(first).toEqual({
      output: { contactId: id, tagId: '1', tag: 'Expansion' },
      externalId: `${id}:1`,
    })
    expect(second.externalId).toBe(first.externalId)
    expect((await records(sandbox, 'tags')).map(({ name }) => name)).toEqual(['Expansion'])
    expect((await only()).tags.map(({ name }) => name)).toEqual(['Expansion'])
  })

  it('leaves one tag when the answer was lost after the work', async () => {
    await addContact({ external_id: 'u1' })
    await control(sandbox, 'POST', 'faults', {
      match: { path: '/contacts/[^/]+/tags' },
      when: 'after',
      times: 1,
      drop: true,
    })
    expect(await faultOf(tagContact.run(context({ contact: OURS, tag: 'vip' })))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    })
    await tagContact.run(context({ contact: OURS, tag: 'vip' }))
    expect((await only()).tags).toHaveLength(1)
  })
})

describe('intercom.untagContact', () => {
  it('takes the tag off, and a repeat is content', async () => {
    await addContact({ external_id: 'u1' })
    await tagContact.run(context({ contact: OURS, tag: 'vip' }))
    for (let attempt = 0; attempt < 2; attempt += 1)
      expect((await untagContact.run(context({ contact: OURS, tag: 'VIP' }))).output.tagId).toBe('1')
    expect((await only()).tags).toEqual([])
  })

  it('does not make the tag it was asked to take off', async () => {
    const { id } = await addContact({ external_id: 'u1' })
    const result = await untagContact.run(context({ contact: OURS, tag: 'never-used' }))
    expect(result).toEqual({ output: { contactId: id, tagId: null, tag: 'never-used' } })
    expect(await records(sandbox, 'tags')).toEqual([])
  })
})

describe('intercom.trackEvent', () => {
  it('records the event at the second of the intent, once however often it is sent', async () => {
    const { id } = await addContact({ external_id: 'u1' })
    const input = { contact: OURS, event: 'expansion-ready', metadata: { plan: 'pro', seats: 12, trial: false } }
    await trackEvent.run(context(input))
    const { output } = await trackEvent.run(context(input))
    expect(output).toEqual({ contactId: id, event: 'expansion-ready', createdAt: 1_772_443_800 })
    const events = await records(sandbox, 'events')
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ created_at: 1_772_443_800, metadata: { plan: 'pro', seats: 12, trial: false } })
  })

  it('refuses more metadata than Intercom keeps, before anything is sent', () => {
    const metadata = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, index]))
    const parsed = trackEvent.input.safeParse({ contact: OURS, event: 'x', metadata })
    expect(parsed.error?.issues[0]?.message).toContain('10 names per event')
    const long = trackEvent.input.safeParse({ contact: OURS, event: 'x', metadata: { a: 'x'.repeat(256) } })
    expect(long.success).toBe(false)
  })
})

describe('intercom.updateContact', () => {
  const addAttribute = () =>
    control(sandbox, 'POST', 'records/data_attributes', { name: 'health', model: 'contact', data_type: 'integer' })

  it('sets fields and custom attributes, and keeps what was there before when it had to look', async () => {
    await addAttribute()
    const { id } = await addContact({ external_id: 'u1', name: 'A.', custom_attributes: { health: 10 } })
    const input = { contact: OURS, name: 'Ada', phone: '+353871234567', customAttributes: { health: 90 } }
    const { output, before } = await updateContact.run(context(input))
    expect(output).toEqual({ contactId: id, name: 'Ada', email: null, phone: '+353871234567' })
    expect(before).toEqual({ name: 'A.', phone: null, customAttributes: { health: 10 } })
    expect((await only()).custom_attributes).toEqual({ health: 90 })
  })

  it('says which attribute Intercom does not know', async () => {
    await addContact({ external_id: 'u1' })
    const fault = await faultOf(updateContact.run(context({ contact: OURS, customAttributes: { nope: 1 } })))
    expect(fault).toMatchObject({ code: 'INVALID_INPUT', vendor: { status: 400, code: 'parameter_invalid' } })
    expect(fault.message).toContain("'nope' does not exist")
  })

  it('creates a missing contact only when told to, once', async () => {
    expect(await faultOf(updateContact.run(context({ contact: OURS, name: 'Ada' })))).toMatchObject({
      code: 'NOT_FOUND',
    })
    const input = { contact: OURS, createIfMissing: true }
    const first = await updateContact.run(context(input))
    const second = await updateContact.run(context(input))
    expect(second.externalId).toBe(first.externalId)
    const contacts = await records(sandbox, 'contacts')
    expect(contacts).toHaveLength(1)
    expect(contacts[0]).toMatchObject({ external_id: 'u1', email: 'ada@example.com', name: 'Ada Byron' })
  })

  it('creates one contact though the search does not show new ones yet', async () => {
    await control(sandbox, 'POST', 'settings', { searchLagMs: 60_000 })
    const byEmail = { ...ada, externalId: null }
    const first = await updateContact.run(context({ contact: OURS, createIfMissing: true }, byEmail))
    const second = await updateContact.run(context({ contact: OURS, name: 'Ada', createIfMissing: true }, byEmail))
    expect(second.externalId).toBe(first.externalId)
    expect(await records(sandbox, 'contacts')).toHaveLength(1)
  })

  it('refuses to create someone it could not find again', async () => {
    const nobody = { ...ada, externalId: null, email: null }
    const fault = await faultOf(updateContact.run(context({ contact: OURS, createIfMissing: true }, nobody)))
    expect(fault).toMatchObject({ code: 'INVALID_INPUT' })
    expect(fault.message).toContain('neither an external id nor an e-mail')
  })

  it('refuses a step that would change nothing', () => {
    const parsed = updateContact.input.safeParse({ contact: OURS, customAttributes: {} })
    expect(parsed.error?.issues[0]?.message).toContain('Give a name')
  })
})

it.each([tagContact, untagContact, trackEvent, updateContact])('the sample of $type fits its output', (action) => {
  expect(action.output.parse(action.sample)).toEqual(action.sample)
})
