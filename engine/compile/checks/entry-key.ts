import type { JsonSchema } from '../../../nodes/manifest.ts'
import { parsePath } from '../../model/path.ts'
import type { PlaybookDocument } from '../../model/playbook.ts'
import type { Problem } from '../../model/problem.ts'
import { asWarning, listed, meant, problem } from '../context.ts'
import { schemaAt } from '../json-schema.ts'

/**
 * Whether the triggers bring what entry goes by: without it nobody enters, and each is told so when it is too late.
 * @param triggers with the schema of what each brings
 */
export function checkEntryKey(
  { enrollment }: Pick<PlaybookDocument, 'enrollment'>,
  triggers: ReadonlyArray<{ id: string; output: JsonSchema }>,
): Problem[] {
  const key: unknown = enrollment.reentry?.key
  const parsed = typeof key === 'string' ? parsePath(key) : null
  if (parsed?.root !== 'trigger' || triggers.length === 0) return []
  const without = triggers.flatMap(({ id, output }) => {
    const at = schemaAt(output, parsed.path)
    return at.kind === 'missing' ? [{ id, known: at.known }] : []
  })
  if (without.length === 0) return []
  const known = [...new Set(without.flatMap((one) => one.known))]
  const said = problem('DOCUMENT_INVALID', {
    at: 'enrollment.reentry.key',
    message: `Entry goes by ${String(key)}, which ${listed(without.map(({ id }) => id))} does not bring: nobody enters by it.${meant(parsed.path.at(-1) ?? '', known)}`,
    fix: 'Choose a path that every trigger brings, such as trigger.properties.orderId, or leave the key out.',
  })
  return [without.length === triggers.length ? said : asWarning(said)]
}
