import { renderInput } from '../../engine/expression/render.ts'
import type { Plan } from '../../engine/model/plan.ts'
import { differencesOf, playTest, type TestFixture, type TestOutcome } from '../../engine/run/test-case.ts'
import { answersOf } from '../backtest/step-samples.ts'
import type { Context, Scoped } from '../context.ts'
import { problem } from '../problem.ts'
import type { TestReport } from './test-schemas.ts'

/** Tests that are kept, played against a plan, and in the way of a publish. */

export const testsKept = ({ db, workspaceId }: Scoped, playbookId: string) =>
  db
    .selectFrom('playbook_tests')
    .select(['id', 'name', 'fixture', 'expected', 'made_by', 'made_at'])
    .where('workspace_id', '=', workspaceId)
    .where('playbook_id', '=', playbookId)
    .orderBy('name')
    .execute()
export type StoredTest = Awaited<ReturnType<typeof testsKept>>[number]

type Player = Scoped & Pick<Context, 'manifest'>

export async function playerOf(ctx: Player, playbookId: string, plan: Plan) {
  const answers = await answersOf(ctx, playbookId, { plan, pins: {} })
  return {
    outcome: ({ fixture }: StoredTest): TestOutcome =>
      playTest(plan, fixture as unknown as TestFixture, {
        render: renderInput,
        sample: (step) => answers[step.id] ?? null,
      }),
  }
}

export async function testsOf(ctx: Player, playbookId: string, plan: Plan): Promise<TestReport> {
  const { outcome } = await playerOf(ctx, playbookId, plan)
  const results = (await testsKept(ctx, playbookId)).map((test) => {
    const found = outcome(test)
    const differences = differencesOf(test.expected as unknown as TestOutcome, found)
    return { id: test.id, name: test.name, passed: differences.length === 0, differences, found }
  })
  const failed = results.filter(({ passed }) => !passed).length
  return { passed: results.length - failed, failed, results }
}

export async function gatesPublish({ db, workspaceId }: Scoped, playbookId: string): Promise<boolean> {
  const row = await db
    .selectFrom('playbooks')
    .select('tests_gate')
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', playbookId)
    .executeTakeFirst()
  return row?.tests_gate ?? false
}

/** @throws ProblemError 422 TESTS_FAILED where tests gate publishing and one of them fails */
export async function refuseFailingTests(ctx: Player, playbookId: string, plan: Plan): Promise<void> {
  if (!(await gatesPublish(ctx, playbookId))) return
  const { failed, results } = await testsOf(ctx, playbookId, plan)
  if (failed === 0) return
  const failing = results.filter(({ passed }) => !passed)
  throw problem(422, 'TESTS_FAILED', {
    detail: `${failed} of ${results.length} tests of this playbook fail, so it was not published. First, “${failing[0]?.name ?? ''}”: ${failing[0]?.differences[0]?.words ?? ''} Mend the draft, or accept under Tests what it does now.`,
    problems: failing.map(({ name, differences }) => ({
      path: `tests.${name}`,
      message: differences.map(({ words }) => words).join(' '),
    })),
  })
}
