import type { IngestSettings } from '../db/ingest-settings-store.ts'
import type { Identity } from '../db/contact-store.ts'
import { externalIdsIn } from '../dispatch/resolve-identity.ts'
import { emailIdentity } from '../identity/shared-mailbox.ts'
import type { IdentityHash } from '../privacy/identity-hash.ts'
import type { MessageKind, Refusal } from './parse-message.ts'

/** Why a message is not taken although nothing is wrong with it: the workspace does not want it. */
export type ScreenCode = 'EVENT_IGNORED' | 'SUPPRESSED'

type Fields = { [name: string]: unknown }

export const IGNORED: Refusal = {
  code: 'EVENT_IGNORED',
  reason: 'This workspace ignores events of this name; take it off the list under Settings, Data to have them again.',
}
/** Says nothing of whom: the message is not kept, and its answer must not keep it either. */
export const SUPPRESSED: Refusal = {
  code: 'SUPPRESSED',
  reason: 'The person asked to be deleted, so nothing about them is taken.',
}

interface Screen {
  settings: IngestSettings
  workspaceId: string
  hash: IdentityHash
}

/** Whether the message names somebody who was deleted and asked to stay so. */
export const isSuppressed = (raw: unknown, by: Screen): boolean =>
  by.settings.suppressed.size > 0 && isFields(raw) && namesSuppressed(namedIn(raw), by)

/** Whether one of these is of somebody who was deleted and asked to stay so. */
export const namesSuppressed = (identities: Identity[], { settings, workspaceId, hash }: Screen): boolean =>
  settings.suppressed.size > 0 &&
  identities.some((identity) => settings.suppressed.has(hash(workspaceId, identity).toString('base64')))

function namedIn(fields: Fields): Identity[] {
  const { userId, anonymousId, previousId, traits, context } = fields
  const named: Identity[] = []
  for (const id of [userId, previousId]) if (isText(id)) named.push({ kind: 'user_id', value: id })
  for (const id of [anonymousId, previousId]) if (isText(id)) named.push({ kind: 'anonymous_id', value: id })
  const contextTraits = isFields(context) ? context.traits : undefined
  const outside = externalIdsIn(isFields(context) ? context.externalIds : undefined)
  for (const value of outside.vendorIds) named.push({ kind: 'vendor_id', value })
  const said = [traits, contextTraits].flatMap((of) => (isFields(of) && isText(of.email) ? [of.email] : []))
  for (const text of [...said, ...outside.emails]) {
    // As identities keep it.
    const email = emailIdentity(text)
    if (email !== null) named.push({ kind: 'email', value: email })
  }
  return named
}

/**
 * Leaves out what the workspace does not store. What was left out is noted in the message itself (`blockedTraits`), so
 * that whoever looks at the event later sees that something is missing, and what.
 */
export function withoutBlocked(
  kind: unknown,
  raw: unknown,
  { blocked }: IngestSettings,
): { raw: unknown; dropped: string[] } {
  if ((blocked.contact.size === 0 && blocked.account.size === 0) || !isFields(raw)) return { raw, dropped: [] }
  const dropped = new Set<string>()
  const without = (of: Fields, names: Set<string>): Fields =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !(names.has(name) && dropped.add(name))))
  const { traits, context } = raw
  const next: Fields = { ...raw }
  // A group call's own traits are the account's; those of a context are always the person's.
  if (isFields(traits)) next.traits = without(traits, kind === 'group' ? blocked.account : blocked.contact)
  if (isFields(context) && isFields(context.traits))
    next.context = { ...context, traits: without(context.traits, blocked.contact) }
  if (dropped.size === 0) return { raw, dropped: [] }
  return { raw: { ...next, blockedTraits: [...dropped] }, dropped: [...dropped] }
}

/** Only what people did can be ignored: calls that describe them are never in the list of events. */
export const isIgnored = (kind: MessageKind, name: string | null, settings: IngestSettings): boolean =>
  kind === 'track' && name !== null && settings.ignored.has(name)

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
