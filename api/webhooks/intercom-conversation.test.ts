import { describe, expect, it } from 'vitest'
import { conversationInput } from '../conversations/conversation-schemas.ts'
import { intercomConversation } from './intercom-conversation.ts'

const item = {
  type: 'conversation',
  id: '147',
  title: null,
  created_at: 1_700_000_000,
  updated_at: 1_700_000_600,
  state: 'closed',
  open: false,
  admin_assignee_id: 9,
  tags: { type: 'tag.list', tags: [{ id: '1', name: 'billing' }, { id: '2' }] },
  contacts: { type: 'contact.list', contacts: [{ type: 'contact', id: '66f0', external_id: 'u-1' }] },
  teammates: { type: 'admin.list', admins: [{ type: 'admin', id: '9', name: 'Grace' }] },
  conversation_rating: { rating: 5, remark: 'Thanks' },
  statistics: { last_close_at: 1_700_000_500 },
  source: {
    type: 'conversation',
    id: '30',
    subject: '<p>Invoice</p>',
    body: '<p>Where is my <b>invoice</b>?<br>I &amp; my boss&nbsp;wait &#128512;</p>',
    author: { type: 'user', id: '66f0', name: 'Ada', email: 'ada@example.com' },
    url: 'https://app.example.com/billing',
  },
  conversation_parts: {
    type: 'conversation_part.list',
    conversation_parts: [
      {
        id: '31',
        part_type: 'comment',
        body: 'One moment.',
        created_at: 1_700_000_010,
        author: { type: 'bot', name: 'Fin' },
      },
      {
        id: '32',
        part_type: 'note',
        body: 'Angry?',
        created_at: 1_700_000_020,
        author: { type: 'admin', name: 'Grace' },
      },
      {
        id: '33',
        part_type: 'close',
        body: '<p>Here it is.</p>',
        created_at: 1_700_000_500,
        author: { type: 'admin', name: 'Grace' },
      },
      {
        id: '34',
        part_type: 'assignment',
        body: null,
        created_at: 1_700_000_030,
        author: { type: 'admin', name: 'Grace' },
      },
    ],
  },
} // prettier-ignore
const notification = (topic: string, given: object = item) => ({
  type: 'notification_event',
  topic,
  data: { item: given },
})

describe('a conversation that Intercom tells of', () => {
  it('is taken over with its messages as plain text, bots too, and without the notes of the team', () => {
    const told = intercomConversation(notification('conversation.admin.closed'))
    expect(told).toEqual({
      app: 'intercom',
      externalId: '147',
      contact: { vendorId: '66f0', userId: 'u-1', email: 'ada@example.com' },
      title: 'Invoice',
      state: 'closed',
      assignee: 'Grace',
      tags: ['billing'],
      rating: 5,
      url: 'https://app.example.com/billing',
      openedAt: '2023-11-14T22:13:20.000Z',
      closedAt: '2023-11-14T22:21:40.000Z',
      updatedAt: '2023-11-14T22:23:20.000Z',
      messages: [
        {
          externalId: '30',
          author: { kind: 'contact', name: 'Ada' },
          body: 'Where is my invoice?\nI & my boss wait 😀',
          at: '2023-11-14T22:13:20.000Z',
        },
        { externalId: '31', author: { kind: 'bot', name: 'Fin' }, body: 'One moment.', at: '2023-11-14T22:13:30.000Z' },
        {
          externalId: '33',
          author: { kind: 'teammate', name: 'Grace' },
          body: 'Here it is.',
          at: '2023-11-14T22:21:40.000Z',
        },
      ],
    })
    expect(conversationInput.parse(told)).toEqual(told)
  })

  it('is with nobody by a teammate’s address', () => {
    const source = { ...item.source, author: { type: 'admin', id: '9', email: 'grace@ours.example' } }
    expect(
      intercomConversation(notification('conversation.admin.single.created', { ...item, source }))?.contact,
    ).toEqual({
      vendorId: '66f0',
      userId: 'u-1',
    })
  })

  it.each([
    ['another topic', notification('contact.user.created')],
    ['a bare id', notification('conversation.deleted', { type: 'conversation', id: '147' })],
    ['another thing', notification('conversation.x', { ...item, type: 'ticket' })],
    ['no item', { topic: 'conversation.user.created' }],
    ['lists where there should be objects', { topic: 'conversation.user.created', data: [] }],
    ['a time that is none', notification('conversation.user.created', { ...item, created_at: 'yesterday' })],
  ])('is left alone: %s', (_, given) => {
    expect(intercomConversation(given)).toBeNull()
  })

  it('survives hostile fields', () => {
    const told = intercomConversation(
      notification('conversation.user.replied', {
        ...item,
        title: 'a\u0000b\ud800',
        tags: 'none',
        contacts: null,
        teammates: 7,
        conversation_rating: { rating: 99 },
        statistics: { last_close_at: 1e300 },
        source: { id: 5, body: '<script>alert(1)</script>&#99999999;&bogus;', author: 'x', url: 'javascript:alert(1)' },
        conversation_parts: { conversation_parts: [null, 3, { id: '1', body: {} }] },
      }),
    )
    expect(told).toMatchObject({ title: 'ab\ufffd', tags: [], contact: {}, rating: null, url: null, assignee: '9' })
    expect(told?.messages).toMatchObject([{ externalId: '5', body: 'alert(1)&#99999999;&bogus;' }])
    expect(conversationInput.parse(told)).toEqual(told)
  })
})
