import type { Json } from '../../nodes/manifest.ts'
import type { SourceView } from './why-node.ts'

const isRecord = (value: Json): value is { [name: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
const text = (value: Json | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

export const UNKNOWN_SOURCE: SourceView = {
  kind: 'unknown',
  words: 'source unknown: it was there before changes were noted',
}

/** What is an account's stays when a person is deleted; who it came by goes with them. */
const DELETED: SourceView = { kind: 'other', words: 'by somebody since deleted' }

/** Who wrote a property. @param source as `property_changes.source` holds it */
export function sourceView(source: Json): SourceView {
  if (!isRecord(source)) return UNKNOWN_SOURCE
  if (source.erased === true) return DELETED
  switch (source.kind) {
    case 'event':
      return {
        kind: 'event',
        words: `by ${text(source.call) === 'identify' ? 'an' : 'a'} ${text(source.call)} call`,
        eventSeq: text(source.seq),
        messageId: text(source.messageId),
      }
    case 'import':
      return {
        kind: 'import',
        words: `by row ${text(source.row)} of an import`,
        importId: text(source.id),
        eventSeq: text(source.seq),
      }
    case 'bulk':
      return { kind: 'bulk', words: `by item ${text(source.row)} of a bulk call`, eventSeq: text(source.seq) }
    case 'computed':
      return { kind: 'computed', words: `worked out by “${text(source.slug)}”`, computed: text(source.slug) }
    case 'merge':
      return {
        kind: 'merge',
        words:
          source.undone === true
            ? 'by a merge that was taken back'
            : 'taken over from a contact that was merged into this one',
        mergeId: text(source.merge),
      }
    default:
      if (text(source.kind) === '') return UNKNOWN_SOURCE
      return { kind: 'other', words: `by ${[text(source.kind), ...nameIn(source)].join(' ')}` }
  }
}

function nameIn(source: { [name: string]: Json }): string[] {
  const name = text(source.name) || text(source.slug) || text(source.playbook) || text(source.actor)
  return name === '' ? [] : [`“${name}”`]
}

const UNKNOWN_CAUSE: SourceView = { kind: 'unknown', words: 'cause unknown' }

/** What made an edge. @param cause as `audience_edges.cause` holds it */
export function causeView(cause: Json): SourceView {
  if (!isRecord(cause)) return UNKNOWN_CAUSE
  if (cause.erased === true) return DELETED
  switch (cause.kind) {
    case 'event':
      return {
        kind: 'event',
        words: cause.name === null ? 'by a call that describes them' : `by the event “${text(cause.name)}”`,
        eventSeq: text(cause.seq),
        messageId: text(cause.messageId),
      }
    case 'time':
      return { kind: 'time', words: 'by time alone' }
    case 'backfill':
      return { kind: 'backfill', words: 'when the rule was asked for everybody' }
    case 'merge':
      return { kind: 'merge', words: 'by a merge of two contacts', mergeId: text(cause.merge) }
    case 'undo':
      return { kind: 'merge', words: 'when a merge of two contacts was taken back', mergeId: text(cause.merge) }
    default:
      return text(cause.kind) === '' ? UNKNOWN_CAUSE : { kind: 'other', words: `by ${text(cause.kind)}` }
  }
}
