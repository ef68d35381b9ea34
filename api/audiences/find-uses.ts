import { templateReads } from '../../engine/expression/reads.ts'
import type { Reads } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Db } from '../db/database.ts'
import { type Audience, type AudienceKind, rootOf } from '../dispatch/audience-index.ts'
import { readsOfAudience } from '../dispatch/work-out.ts'

/** Something that reads a segment, signal, score or computed property. */
export interface Use {
  /** `playbooks.churn-risk`, `segments.big-accounts` */
  path: string
  /** `the playbook “Churn risk”` */
  words: string
}

const PLURALS: { [kind in AudienceKind]: [path: string, word: string] } = {
  segment: ['segments', 'segment'],
  signal: ['signals', 'signal'],
  score: ['scores', 'score'],
  computed: ['computed-properties', 'computed property'],
}

/** Where one is read: by others, and by playbooks that are not archived, in their drafts or live versions. */
export async function findUses(
  { db, workspaceId }: { db: Db; workspaceId: string },
  audience: Audience,
  all: readonly Audience[],
): Promise<Use[]> {
  const uses: Use[] = []
  for (const other of all) {
    if (other.id === audience.id || !isRead(audience, readsOfAudience(other))) continue
    const [path, word] = PLURALS[other.kind]
    uses.push({ path: `${path}.${other.slug}`, words: `the ${word} “${other.slug}”` })
  }
  const playbooks = await db
    .selectFrom('playbooks as p')
    .leftJoin('playbook_versions as v', (join) =>
      join
        .onRef('v.workspace_id', '=', 'p.workspace_id')
        .onRef('v.playbook_id', '=', 'p.id')
        .onRef('v.version', '=', 'p.live_version'),
    )
    .select(['p.slug', 'p.name', 'p.draft', 'v.document'])
    .where('p.workspace_id', '=', workspaceId)
    .where('p.status', '<>', 'archived')
    .orderBy('p.slug')
    .execute()
  for (const { slug, name, draft, document } of playbooks)
    if (isNamed(audience, draft) || (document !== null && isNamed(audience, document)))
      uses.push({ path: `playbooks.${slug}`, words: `the playbook “${name}”` })
  return uses
}

function isRead(audience: Audience, reads: Reads): boolean {
  if (reads.related !== undefined && isRead(audience, reads.related)) return true
  switch (audience.kind) {
    case 'segment':
      return reads.segments.includes(audience.slug)
    case 'signal':
      return reads.signals.includes(audience.slug)
    case 'score':
      return reads.scores?.includes(audience.slug) ?? false
    case 'computed': {
      const properties = [...reads.properties, ...Object.keys(reads.changes ?? {})]
      return properties.some((path) => rootOf(path).join('.') === `${audience.subject}.${audience.rule.property}`)
    }
  }
}

/** Whether a document names it anywhere: in a rule, a trigger's field or a template. */
function isNamed(audience: Audience, value: Json): boolean {
  if (typeof value === 'string') return audience.kind === 'computed' && readsProperty(audience, value)
  if (value === null || typeof value !== 'object') return false
  if (Array.isArray(value)) return value.some((item) => isNamed(audience, item))
  return Object.entries(value).some(
    ([key, inner]) =>
      (audience.kind !== 'computed' && key === audience.kind && inner === audience.slug) || isNamed(audience, inner),
  )
}

function readsProperty({ subject, rule }: Extract<Audience, { kind: 'computed' }>, text: string): boolean {
  const path = `${subject}.${rule.property}`
  if (text === path || text.startsWith(`${path}.`)) return true
  return templateReads(text).some((read) => read.root === subject && read.path[0] === rule.property)
}
