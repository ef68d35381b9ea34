import type { PlaybookDocument } from './playbook.ts'
import { sortedFields } from './sorted-fields.ts'

/**
 * Two documents of one playbook with the same digest say the same of what a run does: names, notes and places count for
 * nothing, nor does the order of fields. 64 bits of FNV-1a in hexadecimal, because a page that is not served over TLS
 * has no crypto, and because it tells a person's own drafts apart, not those of somebody who seeks two alike.
 * @see https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
 */
export function documentDigest({ subject, enrollment, steps, edges }: PlaybookDocument): string {
  const doing = steps.map(({ label: _label, note: _note, at: _at, ...step }) => step)
  // The database gives fields back in another order than they were sent.
  return fnv1a(JSON.stringify(sortedFields({ subject, enrollment, steps: doing, edges })))
}

/** 64 bits, as 16 hexadecimal digits. */
export function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16).padStart(16, '0')
}
