import { sameJson } from '../../engine/model/path.ts'
import type { Json } from '../../nodes/manifest.ts'
import { isText } from './resolve-identity.ts'
import { innerOf, type Subject, type World } from './world.ts'

export interface PropertyWrite {
  kind: 'contact' | 'account'
  name: string
  /** Null removes the property. */
  value: Json
  /** When it is known here. */
  at: number
  /** When it was so, by the clock of whoever says it. */
  occurredAt: number
  /** Who says it. */
  source: Json
}

/**
 * Gives a subject a property and notes the change with its source. E-mail and name go into their columns.
 * @returns whether that changed anything
 */
export function setProperty(world: World, subject: Subject, write: PropertyWrite): boolean {
  const { name, value } = write
  const before = valueOf(subject, name)
  if (sameJson(before, value)) return false
  if ((name === 'email' || name === 'name') && (isText(value) || value === null)) subject[name] = value
  else {
    const next = new Map(Object.entries(subject.properties))
    if (value === null) next.delete(name)
    else next.set(name, value)
    // fromEntries defines properties, so that a trait named __proto__ is a property like any other.
    subject.properties = Object.fromEntries(next)
  }
  subject.changed = true
  const { kind, at, occurredAt, source } = write
  world.newChanges.push({ subject: kind, subjectId: subject.id, property: name, before, value, at, occurredAt, source })
  if (world.watchedProperties.has(`${kind}.${name}`)) {
    const changes = innerOf(world.changes, subject.id)
    changes.set(name, [...(changes.get(name) ?? []), { at, from: before, to: value }])
  }
  return true
}

function valueOf(subject: Subject, name: string): Json {
  if (Object.hasOwn(subject.properties, name)) return subject.properties[name] ?? null
  if (name === 'email' || name === 'name') return subject[name]
  return null
}
