import { expect, it } from 'vitest'
import { messageSchemas } from './message.schema.ts'
import { isRefused, MESSAGE_KINDS, type MessageContext, parseMessage } from './parse-message.ts'

const context: MessageContext = {
  workspaceId: 'w',
  receivedAt: Date.parse('2026-03-02T10:00:00Z'),
  sentAt: undefined,
  freshId: () => 'fresh',
}

const EXAMPLES: unknown[] = [
  {},
  { userId: 'u' },
  { anonymousId: 'a', event: 'x' },
  { userId: 'u', event: '' },
  { userId: '', event: 'x' },
  { userId: null, anonymousId: 'a', event: 'x', name: 'p', groupId: 'g', previousId: 'p' },
  { userId: 'u', event: 'x', name: 'n', groupId: 'g', previousId: 'p', properties: {}, traits: {}, context: {} },
  { userId: 'u', event: 'x', name: 5, groupId: 5, previousId: 5 },
  { userId: 'u', event: 'x', groupId: 'g', previousId: 'p', properties: [], traits: 'no' },
  { userId: 'u', event: 'x'.repeat(201), name: 'x'.repeat(201) },
  { userId: 'u'.repeat(501), event: 'x' },
]

it('the documented schemas and the checks at run time take the same messages', () => {
  for (const kind of MESSAGE_KINDS)
    for (const example of EXAMPLES) {
      const taken = !isRefused(parseMessage(kind, example, context))
      expect([kind, example, messageSchemas[kind].safeParse(example).success]).toEqual([kind, example, taken])
    }
})

it('gives all messages of one person the same lane', () => {
  const lanes = MESSAGE_KINDS.map((kind) => {
    const parsed = parseMessage(kind, { userId: 'u', event: 'x', groupId: 'g', previousId: 'p' }, context)
    return isRefused(parsed) ? null : parsed.lane
  })
  expect(new Set(lanes).size).toBe(1)
})

it('makes up a message id only where there is none', () => {
  expect(parseMessage('identify', { userId: 'u' }, context)).toMatchObject({ messageId: 'fresh' })
  expect(parseMessage('identify', { userId: 'u', messageId: 'm' }, context)).toMatchObject({ messageId: 'm' })
})
