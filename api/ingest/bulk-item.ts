import type { z } from 'zod'
import type { Item } from './accept-items.ts'
import { type BulkKind, bulkAccount, bulkContact, bulkEvent } from './bulk.schema.ts'
import type { Refusal } from './parse-message.ts'

/** One item of a bulk call as tracking messages, or what is wrong with it. */
export function bulkItem(kind: BulkKind, text: string, messageId: string): Item[] | Refusal {
  const parsed = parseJson(text)
  if (parsed === undefined) return { code: 'MESSAGE_INVALID', reason: 'The item is not JSON; mend it.' }
  switch (kind) {
    case 'contacts':
      return read(bulkContact, parsed, (item) => contactUnit(item, item.messageId ?? messageId))
    case 'accounts':
      return read(bulkAccount, parsed, ({ name, properties, messageId: given, ...rest }) => [
        {
          kind: 'group',
          message: { ...rest, messageId: given ?? messageId, traits: { ...properties, ...present({ name }) } },
        },
      ])
    case 'events':
      return read(bulkEvent, parsed, ({ groupId, messageId: given, ...rest }) => [
        {
          kind: 'track',
          message: {
            ...rest,
            messageId: given ?? messageId,
            ...(groupId === undefined ? {} : { context: { groupId } }),
          },
        },
      ])
  }
}

function contactUnit(item: z.output<typeof bulkContact>, messageId: string): Item[] | Refusal {
  const { email, name, properties, groupId, messageId: _, ...who } = item
  const traits = { ...properties, ...present({ email, name }) }
  const identify: Item = { kind: 'identify', message: { ...who, messageId, traits } }
  if (groupId === undefined) return [identify]
  if (who.userId === undefined && who.anonymousId === undefined)
    return {
      code: 'SUBJECT_MISSING',
      reason:
        'groupId: a contact is put into an account by a user id or an anonymous id; add one, or leave groupId out.',
    }
  return [identify, { kind: 'group', message: { ...who, messageId: `${messageId}:group`, groupId, traits: {} } }]
}

function read<T>(schema: z.ZodType<T>, value: unknown, make: (item: T) => Item[] | Refusal): Item[] | Refusal {
  const result = schema.safeParse(value)
  if (result.success) return make(result.data)
  const [issue] = result.error.issues
  const place = issue?.path.join('.') ?? ''
  return {
    code: 'MESSAGE_INVALID',
    reason: `${place === '' ? 'item' : place}: ${issue?.message ?? 'is not understood'}.`,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const present = (given: { [name: string]: string | undefined }) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
