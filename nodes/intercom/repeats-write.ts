import type { Json } from '../manifest.ts'

/** A write of ours, as the effects ledger has it. */
export interface Written {
  /** With version: `intercom.tagContact@1`. */
  action: string
  input: Json
  /** Null while its answer is on the way: notifications may be faster. */
  output: Json
}

type Fields = { [name: string]: Json }

/**
 * Whether a notification tells of nothing but this write: of the same contact, and with what was written. When both
 * happened is the caller's to compare.
 * @param notified.topic e.g. `contact.user.tag.created`
 * @param notified.item the notification's `data.item`
 * @param notified.contactId our id of the contact
 * @see https://developers.intercom.com/docs/references/webhooks/webhook-models
 */
export function repeatsWrite(
  { topic, item, contactId }: { topic: string; item: Fields; contactId: string },
  { action, input, output }: Written,
): boolean {
  const given = fieldsOf(input)
  const contact = topic.includes('.tag.') ? fieldsOf(item.contact ?? null) : item
  const isSame = given.contact === contactId || (isText(contact.id) && fieldsOf(output).contactId === contact.id)
  if (!isSame) return false
  switch (action.split('@')[0]) {
    case 'intercom.tagContact':
      return /^contact\.(?:\w+\.)?tag\.created$/.test(topic) && isTag(item, given)
    case 'intercom.untagContact':
      return /^contact\.(?:\w+\.)?tag\.deleted$/.test(topic) && isTag(item, given)
    case 'intercom.updateContact':
      if (/^contact\.(?:\w+\.)?created$/.test(topic)) return given.createIfMissing === true
      return /^contact\.(?:\w+\.)?updated$/.test(topic) && hasWritten(item, given)
    default:
      return false
  }
}

/** Intercom has one tag for all spellings of a name. */
function isTag(item: Fields, { tag }: Fields): boolean {
  const { name } = fieldsOf(item.tag ?? null)
  return isText(name) && isText(tag) && name.trim().toLowerCase() === tag.trim().toLowerCase()
}

/** Whatever else the contact is: all that was set is what it now has. */
function hasWritten(item: Fields, { name, phone, customAttributes }: Fields): boolean {
  const attributes = fieldsOf(item.custom_attributes ?? null)
  const pairs: Array<[set: Json, found: Json]> = [
    ...(name === undefined ? [] : [[name, item.name ?? null] as [Json, Json]]),
    ...(phone === undefined ? [] : [[phone, item.phone ?? null] as [Json, Json]]),
    ...Object.entries(fieldsOf(customAttributes ?? null)).map(([key, set]): [Json, Json] => [
      set,
      attributes[key] ?? null,
    ]),
  ]
  return pairs.length > 0 && pairs.every(([set, found]) => textOf(set) === textOf(found))
}

/** A template brings texts where Intercom keeps numbers, and nothing clears. */
const textOf = (value: Json): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
const isText = (value: Json | undefined): value is string => typeof value === 'string' && value !== ''
const fieldsOf = (value: Json): Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
