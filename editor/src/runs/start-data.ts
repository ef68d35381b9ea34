import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { Json } from '../../../nodes/manifest.ts'

/** What a version takes when it is started by hand. */
export interface ManualStart {
  /** Each field with what it means; null: it names none and takes anything. */
  fields: Array<{ name: string; help: string }> | null
}

/** @returns null when the version has no trigger that a person can start it by */
export function manualStart(document: PlaybookDocument): ManualStart | null {
  const trigger = document.steps.find(({ type }) => type.split('@')[0] === 'trigger.manual')
  if (trigger === undefined) return null
  const { fields } = trigger.input
  if (fields === undefined || fields === null || typeof fields !== 'object' || Array.isArray(fields))
    return { fields: null }
  return {
    fields: Object.entries(fields).map(([name, help]) => ({ name, help: typeof help === 'string' ? help : '' })),
  }
}

/** What becomes of a start while a run for the same subject is open; null: the playbook has none wait. */
export function turnWords({ subject, enrollment }: Pick<PlaybookDocument, 'subject' | 'enrollment'>): string | null {
  const policy = enrollment.concurrency?.policy ?? 'together'
  if (policy === 'together') return null
  const open = `If a run for this ${subject} is open, `
  if (policy === 'replace') return `${open}it is told to end, and this one begins after it.`
  if (policy === 'newest') return `${open}this one begins after it, in the place of any that waited.`
  return `${open}this one waits for its turn.`
}

/** The texts that were filled in; a field left empty is not sent. */
export const filledIn = (texts: { [name: string]: string }): { [name: string]: Json } =>
  Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''))

/** A name for one wish to start a run, so that sending it twice starts it once. Unlike `randomUUID`, works without TLS. */
export const newStartKey = (): string =>
  `app-${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`
