import type { Scope } from '../audiences/write-audience.ts'
import { notFound } from '../problem.ts'
import { findSubjectId } from './find-subject.ts'
import type { CustomerKind } from './sort-order.ts'

/**
 * Our id of a subject that is asked for by your own id or by ours; of a contact that was merged into another, the
 * other's.
 * @throws ProblemError 404
 */
export async function subjectId(ctx: Scope, kind: CustomerKind, name: string): Promise<string> {
  const found = await findSubjectId(ctx, kind, name)
  if (found === null) throw notFound(kind, name)
  return found
}
