import { z } from 'zod'
import { subjectView } from '../audiences/audience-schemas.ts'
import type { Json } from '../../nodes/manifest.ts'
import { filledText } from '../stored-text.ts'

const isoTime = z.iso.datetime({ offset: true })
const contactName = z.string().min(1).max(500).describe('Your own id of the contact, or ours.')

export const identityKind = z.enum(['user_id', 'anonymous_id', 'email', 'vendor_id'])
export const identityRow = z.object({
  kind: identityKind,
  value: z.string().describe('Of a vendor id the system and the id there, such as intercom:5ba682d23d7cf92bef87bfd4.'),
})

export const mergeInput = z.strictObject({
  contacts: z
    .tuple([contactName, contactName])
    .describe('Two contacts that are one person. The older one with an id of yours stays, whatever the order.'),
})
export type MergeInput = z.output<typeof mergeInput>

export const mergeRow = z.object({
  id: z.string(),
  /** Who stayed. */
  winner: subjectView,
  /** Who became the winner. */
  loser: subjectView,
  reason: z.custom<{ kind: string; [more: string]: Json }>(() => true),
  /** Who did it: an e-mail address, “key <name>”, or “signalbox” where the rules decided. */
  actor: z.string(),
  at: isoTime,
  undoneAt: isoTime.nullable(),
  undoneBy: z.string().nullable(),
  /** Runs that ended because an older run of the same playbook went on. An undo does not bring them back. */
  endedRuns: z.array(z.string()),
  /** Once it is undone: properties that had come with it, were changed since, and so stayed as they were. */
  kept: z.array(z.string()),
})
export type MergeRow = z.output<typeof mergeRow>

export const mergeListInput = z.object({
  contact: contactName.optional().describe('Only merges of this contact.'),
  cursor: z.string().max(500).nullish(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})
export type MergeListInput = z.output<typeof mergeListInput>

export const undoInput = z.strictObject({ id: z.uuid('Write the id of a merge, as the list gives it.') })
export const duplicateRow = z.object({
  contacts: z.tuple([subjectView, subjectView]),
  reason: z.object({ kind: z.enum(['email', 'vendor_id']), value: z.string() }),
  foundAt: isoTime,
})
export type DuplicateRow = z.output<typeof duplicateRow>

export const duplicateListInput = z.object({
  contact: contactName.optional().describe('Only who may be the same person as this contact.'),
  cursor: z.string().max(500).nullish(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})
export type DuplicateListInput = z.output<typeof duplicateListInput>

const comparedContact = subjectView.extend({
  properties: z.custom<{ [name: string]: Json }>(() => true),
  identities: z.array(identityRow),
  accounts: z.array(subjectView),
  createdAt: isoTime,
  /** When they last did something that has a name. */
  lastSeenAt: isoTime.nullable(),
  openRuns: z.array(
    z.object({
      id: z.string(),
      playbook: z.object({ slug: z.string(), name: z.string() }),
      /** By the merge: the other one has an older open run of that playbook. */
      ends: z.boolean(),
    }),
  ),
})
export type ComparedContact = z.output<typeof comparedContact>

export const comparison = z.object({
  contacts: z.tuple([comparedContact, comparedContact]).describe('The first is who would stay.'),
  stays: z
    .enum(['named', 'older', 'id'])
    .describe('Why: alone has an id of yours; is older; or, of the same age, has the smaller id of ours.'),
  takes: z.array(z.string()).describe('Properties that who stays would get.'),
  differ: z.array(z.string()).describe('Properties that both have with another value: the first one’s stays.'),
  same: z.int().describe('So many properties are the same.'),
})
export type Comparison = z.output<typeof comparison>

export const apartInput = z.strictObject({
  contacts: z.tuple([contactName, contactName]).describe('Two contacts that are two persons: no rule merges them.'),
})

export const identityInput = z.strictObject({
  id: contactName,
  kind: identityKind,
  value: filledText(550),
})
export type IdentityInput = z.output<typeof identityInput>

/** An address, or the part before the @ with the @: `info@` is shared in every domain. */
const mailbox = filledText(320).regex(
  /^[^\s@]+@([^\s@]+)?$/,
  'Write an address such as team@example.com, or its first part with the @, such as info@, for every domain.',
)
export const sharedMailboxes = z.strictObject({
  own: z.array(mailbox).max(1000).describe('Those of this workspace, beside the ones that are always shared.'),
})
export const sharedMailboxesView = z.object({ own: z.array(z.string()), always: z.array(z.string()) })
