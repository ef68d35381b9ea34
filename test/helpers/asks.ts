import { createInside } from '../../api/asks/inside.ts'
import { newId } from '../../api/db/new-id.ts'
import { effectKey, planHash, runId } from '../../engine/ids.ts'
import type { Question } from '../../nodes/inside.ts'
import type { TestApi, TestWorkspace } from './api.ts'
import { act, asks, planOf, trigger } from './plans.ts'
import { storePlaybook } from './store-playbook.ts'

const PLAN = planOf([trigger('start', ['ask']), asks('ask', null, { asked: ['mail'] }), act('mail')])

const QUESTION: Question = {
  kind: 'approval',
  title: 'Give Acme 20 % off?',
  text: 'They have 40 seats.',
  fields: [],
  who: 'editors',
  people: [],
  byLink: true,
  maxWait: 'P3D',
}

/** A question of a run, with where its link leads. */
export interface AskedOfPeople {
  run: string
  ask: string
  link: string
  path: string
}

/** Runs that ask people, of one playbook. */
export async function askers(api: TestApi, home: TestWorkspace) {
  const place = { ...api.database, workspaceId: home.id, now: api.clock.now }
  const playbookId = await storePlaybook(place, { slug: 'discounts', name: 'Discounts', plan: PLAN })
  let made = 0

  const askAgain = async (run: string, question: Partial<Question> = {}): Promise<AskedOfPeople> => {
    const { inside } = createInside({
      pool: api.database.pool,
      clock: () => api.clock.now,
      publicUrl: api.deps.publicUrl,
      startRuns: () => Promise.resolve(),
    })
    const effect = { workspaceId: home.id, runId: run, key: effectKey(run, 'ask', 1), step: 'ask', visit: 1 }
    const { ask, link } = await inside(effect).ask({ ...QUESTION, ...question })
    return { run, ask, link, path: new URL(link).pathname }
  }

  return {
    askAgain,
    /** A run that is at the step `ask`, which has asked. */
    async asked(question: Partial<Question> = {}): Promise<AskedOfPeople> {
      made += 1
      return askAgain(await storeRun(api, home.id, { playbookId, made }), question)
    },
  }
}

async function storeRun(
  api: TestApi,
  workspaceId: string,
  { playbookId, made }: { playbookId: string; made: number },
): Promise<string> {
  const { now } = api.clock
  const at = new Date(now)
  const run = runId(workspaceId, playbookId, String(made))
  await api.database.db
    .insertInto('runs')
    .values({
      workspace_id: workspaceId,
      id: run,
      playbook_id: playbookId,
      version: 1,
      plan_hash: planHash(workspaceId, JSON.stringify(PLAN)),
      subject_kind: 'contact',
      subject_id: newId(now),
      occurrence: String(made),
      trigger: JSON.stringify({ step: 'start', data: {} }),
      cause: '{}',
      status: 'waiting',
      at_steps: ['ask'],
      created_at: at,
      updated_at: at,
    })
    .execute()
  return run
}
