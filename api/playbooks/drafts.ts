import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import { writeAudit } from '../auth/audit.ts'
import type { Context, Scoped } from '../context.ts'
import { newId } from '../db/new-id.ts'
import { sqlState } from '../db/sql.ts'
import { problem } from '../problem.ts'
import { compileDraft, requireDocument } from './compile-draft.ts'
import type { PlaybookView } from './playbook-schemas.ts'
import { readPlaybook, readVersion } from './playbook-store.ts'
import { TEMPLATES } from './templates.ts'

/** Drafts have one more than this many bytes refused: a document of 1,000 steps has some 300 KB. */
export const DRAFT_LIMIT_BYTES = 2_000_000

/** Makes a playbook with an empty canvas, or with a template's. The slug comes from the name and is never taken twice. */
export async function createPlaybook(
  ctx: Context,
  given: { name: string; subject: 'contact' | 'account'; template?: string | undefined },
): Promise<{ slug: string }> {
  const document = given.template === undefined ? emptyDocument(given) : templateNamed(given.template, given.name)
  const wanted = slugOf(given.name)
  for (let attempt = 1; attempt <= 50; attempt++) {
    const slug = attempt === 1 ? wanted : `${wanted.slice(0, 90)}-${attempt}`
    if (await insertPlaybook(ctx, slug, document)) return { slug }
  }
  throw problem(409, 'NAME_TAKEN', `There are many playbooks named "${given.name}" already. Give another name.`)
}

/** @returns false when the slug is taken */
async function insertPlaybook(ctx: Context, slug: string, document: PlaybookDocument): Promise<boolean> {
  try {
    await ctx.db.transaction().execute(async (trx) => {
      await trx
        .insertInto('playbooks')
        .values({
          workspace_id: ctx.workspaceId,
          id: newId(ctx.now),
          slug,
          name: document.name,
          draft: JSON.stringify(document),
          created_at: new Date(ctx.now),
          updated_at: new Date(ctx.now),
        })
        .execute()
      await writeAudit(trx, ctx, { action: 'playbook.create', target: slug })
    })
    return true
  } catch (error) {
    if (sqlState(error) === '23505') return false
    throw error
  }
}

/**
 * Saves a draft, with or without problems; makes the playbook where `create` says so.
 * @param given.revision what the caller's edit stands on; null takes any (the last one wins)
 * @throws ProblemError 409 REVISION_STALE, 422 DOCUMENT_INVALID
 */
export async function saveDraft(
  ctx: Context,
  given: { slug: string; document: unknown; revision: number | null; create: boolean },
) {
  const text = JSON.stringify(given.document)
  if (text.length > DRAFT_LIMIT_BYTES)
    throw problem(413, 'DOCUMENT_TOO_LARGE', 'A playbook document may have 2 MB. Split the playbook in two.')
  const compiled = await compileDraft(ctx, given.document)
  const document = requireDocument(given.document, compiled.problems)
  if (given.create) {
    const there = await exists(ctx, given.slug)
    if (!there && (await insertPlaybook(ctx, given.slug, document)))
      return { slug: given.slug, revision: 1, problems: compiled.problems }
  }
  const row = await ctx.db
    .updateTable('playbooks')
    .set((eb) => ({
      draft: text,
      name: document.name,
      draft_revision: eb('draft_revision', '+', 1),
      updated_at: new Date(ctx.now),
    }))
    .where('workspace_id', '=', ctx.workspaceId)
    .where('slug', '=', given.slug)
    .$if(given.revision !== null, (query) => query.where('draft_revision', '=', given.revision ?? 0))
    .returning('draft_revision')
    .executeTakeFirst()
  if (row !== undefined) return { slug: given.slug, revision: row.draft_revision, problems: compiled.problems }
  const current = await readPlaybook(ctx, given.slug)
  throw problem(
    409,
    'REVISION_STALE',
    `Someone saved revision ${current.draftRevision} meanwhile; yours stands on ${given.revision}. Load the playbook again and repeat your change.`,
  )
}

async function exists({ db, workspaceId }: Scoped, slug: string): Promise<boolean> {
  const row = await db
    .selectFrom('playbooks')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('slug', '=', slug)
    .executeTakeFirst()
  return row !== undefined
}

/** The draft with its problems, or the frozen document of a version. */
export async function viewPlaybook(
  ctx: Context,
  given: { slug: string; version?: number | undefined },
): Promise<PlaybookView> {
  const playbook = await readPlaybook(ctx, given.slug)
  const versions = await ctx.db
    .selectFrom('playbook_versions')
    .select(['version', 'published_at', 'published_by'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('playbook_id', '=', playbook.id)
    .orderBy('version', 'desc')
    .execute()
  const live = playbook.liveVersion === null ? null : await readVersion(ctx, playbook, playbook.liveVersion)
  const shown = given.version === undefined ? null : await readVersion(ctx, playbook, given.version)
  const problems = shown === null ? (await compileDraft(ctx, playbook.draft)).problems : []
  return {
    slug: playbook.slug,
    name: shown?.document.name ?? playbook.name,
    status: playbook.status,
    document: shown?.document ?? playbook.draft,
    draftRevision: playbook.draftRevision,
    liveVersion: playbook.liveVersion,
    publishedAt: (shown ?? live)?.publishedAt.toISOString() ?? null,
    problems,
    hasUnpublishedChanges: live === null || !sameDocument(playbook.draft, live.document),
    versions: versions.map((row) => ({
      version: row.version,
      publishedAt: row.published_at.toISOString(),
      publishedBy: row.published_by,
    })),
  }
}

/** Both come from jsonb columns, which order keys the same way: equal values have equal texts. */
export const sameDocument = (a: PlaybookDocument, b: PlaybookDocument): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

/** Small letters, digits and hyphens from a name; accents are folded. */
export function slugOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 100)
    .replace(/-+$/, '')
  return plain === '' ? 'playbook' : plain
}

const emptyDocument = (given: { name: string; subject: 'contact' | 'account' }): PlaybookDocument => ({
  name: given.name,
  subject: given.subject,
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [],
  edges: [],
})

function templateNamed(id: string, name: string): PlaybookDocument {
  const template = TEMPLATES.find((candidate) => candidate.id === id)
  if (template !== undefined) return { ...template.document, name }
  const known = TEMPLATES.map((candidate) => candidate.id).join(', ')
  throw problem(404, 'TEMPLATE_UNKNOWN', `There is no template "${id}". There are: ${known}.`)
}
