import type { Json } from '../../nodes/manifest.ts'
import type { SubjectKind } from '../model/playbook.ts'
import type { Instant } from '../model/rule.ts'

/** What is stored of the past, in order of position. Whoever reads it has already worked out who each is about. */
export type Stored = StoredEvent | StoredChange | StoredEdge

/** Who it is about; null: nobody of that kind. */
export interface Who {
  contactId: string | null
  accountId: string | null
}

export interface StoredEvent extends Who {
  kind: 'event'
  /** Its own id: the message's. */
  id: string
  name: string
  /** By the clock of whoever sent it. */
  occurredAt: Instant
  /** When it was known here, which is when a run could begin. */
  receivedAt: Instant
  properties: { [name: string]: Json }
}

/** A property that was given or taken away; those of before the first event say how everybody began. */
export interface StoredChange {
  kind: 'change'
  subject: SubjectKind
  subjectId: string
  property: string
  /** Null: it was taken away. */
  value: Json
  receivedAt: Instant
  /** It was so before anything of it was noted: somebody's beginning, and no change to a rule that asks for changes. */
  initial?: true
}

/** Somebody entered or left a segment, or a signal was set or cleared. */
export type StoredEdge = Who & {
  kind: 'edge'
  /** Whose membership it is. */
  subject: SubjectKind
  slug: string
  receivedAt: Instant
} & ({ of: 'segment'; edge: 'entered' | 'left' } | { of: 'signal'; edge: 'set' | 'cleared' })
