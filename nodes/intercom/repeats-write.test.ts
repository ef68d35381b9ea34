import { describe, expect, it } from 'vitest'
import { repeatsWrite, type Written } from './repeats-write.ts'

const contact = { type: 'contact', id: '66f0', name: 'Ada', phone: null, custom_attributes: { plan: 'pro', seats: 5 } }
const tag = { type: 'contact_tag', created_at: 1, tag: { id: '7', name: 'Upsold' }, contact }
const tagged: Written = {
  action: 'intercom.tagContact@1',
  input: { contact: 'c-1', tag: 'upsold ' },
  output: { contactId: '66f0', tagId: '7', tag: 'Upsold' },
}
const updated: Written = {
  action: 'intercom.updateContact@1',
  input: { contact: 'c-1', customAttributes: { plan: 'pro', seats: '5' } },
  output: null,
}
const about = (topic: string, item: object, { contactId = 'c-1', ...written }: Written & { contactId?: string }) =>
  repeatsWrite({ topic, item: item as { [name: string]: never }, contactId }, written)

describe('a notification of Intercom repeats a write of ours', () => {
  it('where a tag was put on or taken off as the action did', () => {
    expect(about('contact.user.tag.created', tag, tagged)).toBe(true)
    expect(about('contact.tag.created', tag, { ...tagged, output: null })).toBe(true)
    expect(about('contact.user.tag.deleted', tag, tagged)).toBe(false)
    expect(about('contact.lead.tag.deleted', tag, { ...tagged, action: 'intercom.untagContact@1' })).toBe(true)
    expect(about('contact.user.tag.created', { ...tag, tag: { id: '8', name: 'Other' } }, tagged)).toBe(false)
  })

  it('where the contact has what was set, whatever else it has', () => {
    expect(about('contact.user.updated', contact, updated)).toBe(true)
    const other = { ...contact, custom_attributes: { plan: 'free', seats: 5 } }
    expect(about('contact.user.updated', other, updated)).toBe(false)
    const cleared = { ...updated, input: { contact: 'c-1', phone: '' } }
    expect(about('contact.user.updated', contact, cleared)).toBe(true)
    expect(about('contact.user.updated', { ...contact, phone: '1' }, cleared)).toBe(false)
  })

  it('where the contact was made by it', () => {
    const making = { ...updated, input: { contact: 'c-1', createIfMissing: true } }
    expect(about('contact.user.created', contact, making)).toBe(true)
    expect(about('contact.user.created', contact, updated)).toBe(false)
    // It set nothing that a later change could repeat.
    expect(about('contact.user.updated', contact, making)).toBe(false)
  })

  it('never of another contact, nor of what tells of something else', () => {
    expect(about('contact.user.tag.created', tag, { ...tagged, output: { contactId: '66f1' }, contactId: 'c-2' })).toBe(
      false,
    )
    expect(about('contact.user.tag.created', tag, { ...tagged, contactId: 'was merged into another' })).toBe(true)
    expect(about('conversation.user.created', { ...contact, tag: tag.tag }, tagged)).toBe(false)
    expect(about('contact.user.updated', contact, { ...updated, action: 'slack.postMessage@1' })).toBe(false)
  })
})
