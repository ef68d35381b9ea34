import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { onPool } from '../db/sql.ts'
import { createIngest } from '../ingest/ingest.ts'
import { createIdentityHash } from '../privacy/identity-hash.ts'
import { accountView, contactView, eventRow } from './customer-schemas.ts'
import { listEvents } from './list-events.ts'
import { viewAccount, viewContact } from './profile.ts'
import { listAccounts, listContacts } from './read-customers.ts'
import { sendEvent } from './send-event.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
  await w.audience('signal', 'active', { rule: { event: 'Login', count: { op: 'gte', value: 1 } } })
  await w.playbook('greet', { trigger: { type: 'trigger.signal', input: { signal: 'active', edge: 'set' } } })
  await w.playbook('paused', { trigger: { type: 'trigger.event', input: { event: 'Login' } }, status: 'paused' })
  for (let n = 0; n < 5; n++)
    await w.send({ type: 'identify', userId: `u${n}`, traits: { name: `Per%son ${n}`, email: `u${n}@example.com` } })
  await w.send({ type: 'group', userId: 'u1', groupId: 'acme', traits: { name: 'Acme', mrr: 500 } })
  await w.send({ type: 'track', userId: 'u1', event: 'Login', messageId: 'login', properties: { from: 'app' } })
  await w.dispatch()
})
afterAll(() => w.close())

const ctx = (workspaceId = w.id) => ({ db: w.opened.db, workspaceId, now: w.clock.now })

describe('contacts and accounts', () => {
  it('are listed in pages and found by part of a name', async () => {
    const first = await listContacts(ctx(), { limit: 3 })
    const rest = await listContacts(ctx(), { limit: 3, cursor: first.nextCursor })
    expect(new Set([...first.data, ...rest.data].map((c) => c.externalId))).toEqual(
      new Set(['u0', 'u1', 'u2', 'u3', 'u4']),
    )
    expect(rest.nextCursor).toBeNull()
    expect((await listContacts(ctx(), { search: 'per%SON 3' })).data.map((c) => c.externalId)).toEqual(['u3'])
    expect((await listContacts(ctx(), { search: '_' })).data).toEqual([])
    expect((await listAccounts(ctx(), { search: 'ac' })).data).toMatchObject([{ label: 'Acme', contacts: 1 }])
  })

  it('are shown by your id or ours, with all that is known', async () => {
    const contact = contactView.parse(await viewContact(ctx(), { id: 'u1' }))
    expect(contact).toMatchObject({
      label: 'Per%son 1',
      accounts: [{ externalId: 'acme' }],
      properties: { email: 'u1@example.com' },
      memberships: [{ kind: 'signal', slug: 'active' }],
      runs: [{ playbook: { slug: 'greet' }, status: 'queued' }],
      identities: expect.arrayContaining([{ kind: 'email', value: 'u1@example.com' }]),
    })
    expect((await viewContact(ctx(), { id: contact.id })).id).toBe(contact.id)
    const account = accountView.parse(await viewAccount(ctx(), { id: 'acme' }))
    expect(account).toMatchObject({ properties: { mrr: 500 }, members: [{ externalId: 'u1' }] })
    await expect(viewContact(ctx(), { id: 'nobody' })).rejects.toMatchObject({ status: 404, code: 'NOT_FOUND' })
  })

  it('belong to their workspace alone', async () => {
    const other = ctx(randomUUID())
    expect((await listContacts(other, {})).data).toEqual([])
    expect((await listAccounts(other, {})).data).toEqual([])
    expect((await listEvents(other, {})).data).toEqual([])
    await expect(viewContact(other, { id: 'u1' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(viewAccount(other, { id: 'acme' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('events', () => {
  it('say what they started, and why not', async () => {
    const { data } = await listEvents(ctx(), { name: 'Login', subject: 'u1' })
    const [event] = data.map((row) => eventRow.parse(row))
    expect(event).toMatchObject({
      messageId: 'login',
      subject: { externalId: 'u1' },
      account: { externalId: 'acme' },
      properties: { from: 'app' },
      edges: [{ kind: 'signal', slug: 'active', edge: 'set' }],
    })
    expect(event?.outcomes.map((o) => [o.playbook.slug, o.outcome, o.code]).sort()).toEqual([
      ['greet', 'started', 'STARTED'],
      ['paused', 'refused', 'PLAYBOOK_PAUSED'],
    ])
  })

  it('are paged newest first, and of an account are those of its people', async () => {
    const first = await listEvents(ctx(), { limit: 4 })
    const rest = await listEvents(ctx(), { limit: 4, cursor: first.nextCursor })
    const seqs = [...first.data, ...rest.data].map((row) => Number(row.seq))
    expect(seqs).toEqual([...seqs].sort((a, b) => b - a))
    expect(seqs).toHaveLength(7)
    expect((await listEvents(ctx(), { subject: 'acme' })).data.map((row) => row.kind)).toEqual(['track', 'group'])
    expect((await listEvents(ctx(), { subject: 'nobody' })).data).toEqual([])
  })

  it('can be sent from the app for a contact who is there', async () => {
    const ingest = createIngest({
      q: onPool(w.opened.pool),
      clock: () => w.clock.now,
      hash: createIdentityHash('test'),
    })
    const given = { name: 'Tested', properties: { a: 1 } }
    await sendEvent({ ...ctx(), ingest }, { subject: { contact: 'u2', account: 'acme' }, ...given })
    expect((await listEvents(ctx(), { subject: 'u2', name: 'Tested' })).data).toMatchObject([{ status: 'pending' }])
    await w.dispatch()
    expect((await listEvents(ctx(), { subject: 'u2', name: 'Tested' })).data).toMatchObject([
      { status: 'done', account: { externalId: 'acme' }, properties: { a: 1 } },
    ])
    await expect(sendEvent({ ...ctx(), ingest }, { subject: { contact: 'u2x' }, ...given })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})
