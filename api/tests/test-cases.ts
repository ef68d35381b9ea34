import { renderInput } from '../../engine/expression/render.ts'
import type { Plan } from '../../engine/model/plan.ts'
import { fixtureOf, playTest, type TestFixture, type TestOutcome, wentOtherwise } from '../../engine/run/test-case.ts'
import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context } from '../context.ts'
import { newId } from '../db/new-id.ts'
import { sqlState } from '../db/sql.ts'
import { compileDraft, refusal, requireDocument } from '../playbooks/compile-draft.ts'
import { type DryRunInput, prepareDryRun } from '../playbooks/dry-run.ts'
import { readPlaybook, type StoredPlaybook } from '../playbooks/playbook-store.ts'
import { notFound, problem } from '../problem.ts'
import { findRun } from '../runs/run-list.ts'
import { replayRun } from '../runs/replay-run.ts'
import { gatesPublish, playerOf, type StoredTest, testsKept, testsOf } from './gate.ts'
import type { TestReport, TestRow } from './test-schemas.ts'

/** Of a playbook so many tests are kept: all of them run before a publish that they gate. */
const MOST_TESTS = 200

export interface SaveTestInput {
  slug: string
  name: string
  from: { run: string } | { dryRun: Omit<DryRunInput, 'slug'> }
}

interface Kept {
  fixture: TestFixture
  expected: TestOutcome
  /** Whose data it holds, where that is a contact of ours. */
  contactId: string | null
}

/**
 * Keeps a run, or what a dry run was made of, as a test: what it was told, and where it went.
 * @throws ProblemError 404, 409 TEST_NAME_TAKEN, 422 TEST_NOT_REPEATABLE, TOO_MANY_TESTS
 */
export async function saveTest(ctx: Context, given: SaveTestInput): Promise<{ id: string }> {
  const playbook = await readPlaybook(ctx, given.slug)
  const { from } = given
  const kept =
    'run' in from ? await fromRun(ctx, playbook, from.run) : await fromDryRun(ctx, { ...from.dryRun, slug: given.slug })
  const { length } = await testsKept(ctx, playbook.id)
  if (length >= MOST_TESTS)
    throw problem(
      422,
      'TOO_MANY_TESTS',
      `A playbook keeps ${MOST_TESTS} tests. Remove one that says what another says.`,
    )
  const id = newId(ctx.now)
  try {
    await ctx.db
      .insertInto('playbook_tests')
      .values({
        workspace_id: ctx.workspaceId,
        id,
        playbook_id: playbook.id,
        name: given.name,
        fixture: JSON.stringify(kept.fixture),
        expected: JSON.stringify(kept.expected),
        contact_id: kept.contactId,
        made_by: actorName(ctx.actor),
        made_at: new Date(ctx.now),
      })
      .execute()
  } catch (error) {
    if (sqlState(error) !== '23505') throw error
    throw problem(409, 'TEST_NAME_TAKEN', `There is a test “${given.name}” already. Give this one another name.`)
  }
  await writeAudit(ctx.db, ctx, { action: 'test.save', target: playbook.slug, detail: { name: given.name } })
  return { id }
}

async function fromRun(ctx: Context, playbook: StoredPlaybook, runId: string): Promise<Kept> {
  const run = await findRun(ctx, runId)
  if (run.slug !== playbook.slug)
    throw problem(422, 'TEST_NOT_REPEATABLE', `This run is of the playbook ${run.slug}. Keep it as a test there.`)
  const { plan, inputs, state, versions } = await replayRun(ctx, run)
  if (versions.length > 0)
    throw problem(
      422,
      'TEST_NOT_REPEATABLE',
      'The run went over to another version on its way. Keep a dry run instead.',
    )
  const kept = fixtureOf(inputs)
  if ('refused' in kept) throw problem(422, 'TEST_NOT_REPEATABLE', kept.refused)
  if (state === null || state.open.length > 0)
    throw problem(
      422,
      'TEST_NOT_REPEATABLE',
      'The run is not over, so nobody knows yet where it goes. Wait for its end.',
    )
  const expected = playTest(plan, kept.fixture, { render: renderInput, sample: () => null })
  const otherwise = wentOtherwise(plan, state, expected)
  if (otherwise.length > 0)
    throw problem(422, 'TEST_NOT_REPEATABLE', {
      detail: `Played again this run goes another way, so it is no test. ${otherwise[0]?.words ?? ''} Keep a dry run of the same record instead.`,
      problems: otherwise.map(({ step, words }) => ({ path: `steps.${step ?? ''}`, message: words })),
    })
  return { fixture: kept.fixture, expected, contactId: state.facts.contact?.id ?? null }
}

async function fromDryRun(ctx: Context, given: DryRunInput): Promise<Kept> {
  const { plan, fixture, subjectId } = await prepareDryRun(ctx, given)
  const expected = playTest(plan, fixture, { render: renderInput, sample: () => null })
  return { fixture, expected, contactId: subjectId === null ? null : (fixture.facts.contact?.id ?? null) }
}

const asRow = ({ id, name, expected, made_by, made_at }: StoredTest): TestRow => ({
  id,
  name,
  madeBy: made_by,
  madeAt: made_at.toISOString(),
  expected: expected as unknown as TestOutcome,
})

/** With whether they gate publishing. @throws ProblemError 404 */
export async function listTests(ctx: Context, slug: string): Promise<{ gate: boolean; data: TestRow[] }> {
  const playbook = await readPlaybook(ctx, slug)
  return { gate: await gatesPublish(ctx, playbook.id), data: (await testsKept(ctx, playbook.id)).map(asRow) }
}

async function findTest(
  ctx: Context,
  of: { slug: string; id: string },
): Promise<StoredTest & { playbook: StoredPlaybook }> {
  const playbook = await readPlaybook(ctx, of.slug)
  const found = (await testsKept(ctx, playbook.id)).find(({ id }) => id === of.id)
  if (found === undefined) throw notFound('test', of.id)
  return { ...found, playbook }
}

/** With all that the run is told. @throws ProblemError 404 */
export async function viewTest(
  ctx: Context,
  of: { slug: string; id: string },
): Promise<TestRow & { fixture: TestFixture }> {
  const found = await findTest(ctx, of)
  return { ...asRow(found), fixture: found.fixture as unknown as TestFixture }
}

/** @throws ProblemError 404 */
export async function removeTest(ctx: Context, of: { slug: string; id: string }): Promise<{ id: string }> {
  const { name } = await findTest(ctx, of)
  await ctx.db
    .deleteFrom('playbook_tests')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', of.id)
    .execute()
  await writeAudit(ctx.db, ctx, { action: 'test.remove', target: of.slug, detail: { name } })
  return { id: of.id }
}

/** What the draft does is from now on what is expected. @throws ProblemError 404, 422 */
export async function acceptTest(
  ctx: Context,
  given: { slug: string; id: string; document?: unknown },
): Promise<TestRow> {
  const found = await findTest(ctx, given)
  const plan = await planOf(ctx, found.playbook, given.document)
  const { outcome } = await playerOf(ctx, found.playbook.id, plan)
  const expected = outcome(found)
  await ctx.db
    .updateTable('playbook_tests')
    .set({ expected: JSON.stringify(expected), made_by: actorName(ctx.actor), made_at: new Date(ctx.now) })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', given.id)
    .execute()
  await writeAudit(ctx.db, ctx, { action: 'test.accept', target: given.slug, detail: { name: found.name } })
  return asRow(await findTest(ctx, given))
}

/** Runs all tests against the draft, with no write to anything. @throws ProblemError 404, 422 while the draft has problems */
export async function runTests(ctx: Context, given: { slug: string; document?: unknown }): Promise<TestReport> {
  const playbook = await readPlaybook(ctx, given.slug)
  return testsOf(ctx, playbook.id, await planOf(ctx, playbook, given.document))
}

async function planOf(ctx: Context, playbook: StoredPlaybook, given: unknown): Promise<Plan> {
  const document = given ?? playbook.draft
  const compiled = await compileDraft(ctx, document, playbook)
  if (compiled.ok) return compiled.plan
  requireDocument(document, compiled.problems)
  throw refusal('PLAYBOOK_HAS_PROBLEMS', 'The draft has problems, so there is nothing to test yet.', compiled.problems)
}

/** Whether the draft is published only while its tests pass. @throws ProblemError 404 */
export async function setGate(ctx: Context, given: { slug: string; gate: boolean }): Promise<{ gate: boolean }> {
  const playbook = await readPlaybook(ctx, given.slug)
  await ctx.db
    .updateTable('playbooks')
    .set({ tests_gate: given.gate })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', playbook.id)
    .execute()
  await writeAudit(ctx.db, ctx, { action: 'test.gate', target: playbook.slug, detail: { gate: given.gate } })
  return { gate: given.gate }
}
