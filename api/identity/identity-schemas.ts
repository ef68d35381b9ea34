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
})
export type MergeRow = z.output<typeof mergeRow>

export const mergeListInput = z.object({
  contact: contactName.optional().describe('Only merges of this contact.'),
  cursor: z.string().max(500).nullish(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})
export type MergeListInput = z.output<typeof mergeListInput>

export const mergeOutput = mergeRow.extend({
  /** Runs that end because an older run of the same playbook goes on for the same person. */
  endedRuns: z.array(z.string()),
})
export type MergeOutput = z.output<typeof mergeOutput>

export const undoInput = z.strictObject({ id: z.uuid('Write the id of a merge, as the list gives it.') })
export const undoOutput = mergeRow.extend({
  /** Properties that came with the merge, were changed since, and so stay as they are. */
  kept: z.array(z.string()),
})
export type UndoOutput = z.output<typeof undoOutput>

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
