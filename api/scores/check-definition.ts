import type { ComputedDefinition } from '../../engine/model/computed.ts'
import type { ScoreDefinition } from '../../engine/model/score.ts'
import { checkComputed } from '../../engine/scores/check-computed.ts'
import type { Scope } from '../audiences/write-audience.ts'
import type { Audience, SubjectKind } from '../dispatch/audience-index.ts'
import { readCatalogContext } from '../playbooks/catalog-context.ts'
import { problem, type ProblemPart } from '../problem.ts'

const refuse = (problems: ProblemPart[]): void => {
  if (problems.length > 0) throw problem(422, 'RULE_INVALID', { detail: problems[0]?.message ?? '', problems })
}

/** A score measures only what its subject has. @throws ProblemError 422 */
export function checkScoreFor(subject: SubjectKind, definition: ScoreDefinition): void {
  refuse(
    definition.parts.flatMap((part, i): ProblemPart[] => {
      if (subject === 'contact' || !('measure' in part) || !('property' in part.measure.of)) return []
      const { property } = part.measure.of
      if (!property.startsWith('contact.')) return []
      const message = `${property}: this is about accounts, which have many contacts. Measure a property of the account.`
      return [{ path: `definition.parts.${i}.measure.of.property`, message }]
    }),
  )
}

/**
 * Whether a formula can be read, fits the properties of this workspace, and is the only one that writes its property.
 * @throws ProblemError 422
 */
export async function checkComputedFor(
  scope: Scope,
  { slug, subject, definition }: { slug: string | null; subject: SubjectKind; definition: ComputedDefinition },
  others: readonly Audience[],
): Promise<void> {
  const { properties } = await readCatalogContext(scope)
  const types = Object.fromEntries(
    properties.map(({ path, type }) => [path, type === 'array' ? 'list' : type] as const),
  )
  refuse(
    checkComputed(definition, { subject, properties: types }).map(({ path, message }) => ({
      path: path === '' ? 'definition' : `definition.${path}`,
      message,
    })),
  )
  const same = others.find(
    (other) =>
      other.kind === 'computed' &&
      other.slug !== slug &&
      other.subject === subject &&
      other.rule.property === definition.property,
  )
  if (same !== undefined) {
    const message = `“${same.slug}” works out ${subject}.${definition.property} already. Change that one, or name another property.`
    refuse([{ path: 'definition.property', message }])
  }
}
