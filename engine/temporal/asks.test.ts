import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { answerAsk } from '../../api/asks/answer-ask.ts'
import { findByToken, type StoredAsk } from '../../api/asks/ask-store.ts'
import { act, asks, planOf, trigger } from '../../test/helpers/plans.ts'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { storePlaybook } from '../../test/helpers/store-playbook.ts'
import { planHash } from '../ids.ts'
import type { Plan } from '../model/plan.ts'
import type { RunRef } from '../ports.ts'
import { replay } from '../run/view.ts'
import { commandOwed } from './reconcile.ts'
import { Stint } from './stint.ts'

let shell: Shell
beforeAll(async () => {
  shell = await createShell()
})
afterAll(() => shell.close())
beforeEach(() => {
  shell.outside.written.length = 0
})

const write = (id: string, text = id) => ({
  ...act(id),
  type: 'pad.natural@1',
  connection: 'pad',
  input: { text },
  readsSteps: ['ask'],
})

//           asked ── tell (the link)
// start ── ask ─ approved ── go ── rejected ── stop
const plan: Plan = planOf([
  trigger('start', ['ask']),
  {
    ...asks('ask', 3 * 24 * 3_600_000),
    out: { asked: ['tell'], approved: ['go'], rejected: ['stop'], timeout: [] },
    input: { title: 'Give {{ trigger.percent }} %?', maxWait: 'P3D', link: 'mayAnswer' },
    answer: { ports: ['approved', 'rejected'], maxWaitMs: 3 * 24 * 3_600_000 },
    keeps: true,
  },
  write('tell', '{{ steps.ask.link }}'),
  write('go', 'go: {{ steps.ask.comment }} {{ steps.ask.by }}'),
  { ...write('stop'), out: { out: ['heard'] } },
  {
    ...trigger('heard'),
    type: 'flow.milestone@1',
    op: 'milestone',
    name: 'Heard',
    withinMs: 3_600_000,
    keeps: false,
    out: { 'in-time': [], late: [] },
  },
])

const texts = (): string[] => shell.outside.written.map(({ text }) => text)
const silent = { warn: () => {} } as unknown as Parameters<typeof answerAsk>[0]['log']
const away = { command: () => Promise.reject(new Error('Temporal is away.')) }

const rowOf = ({ runId }: RunRef) =>
  shell.database.db
    .selectFrom('runs')
    .select(['playbook_id', 'milestone_due'])
    .where('id', '=', runId)
    .executeTakeFirstOrThrow()

type AskByLink = StoredAsk & { token: string }

/** Starts a run and waits until word of what it asks has gone out. */
async function asking(): Promise<{ run: RunRef; ask: AskByLink }> {
  const run = await shell.start(plan, { percent: 20 })
  await expect.poll(() => shell.row(run), { timeout: 20_000 }).toMatchObject({ status: 'waiting', at_steps: ['ask'] })
  const token = texts().at(-1)?.split('/').at(-1) ?? ''
  const { playbook_id, milestone_due } = await rowOf(run)
  expect(milestone_due).not.toBeNull()
  const place = { ...shell.database, workspaceId: shell.workspaceId }
  await storePlaybook(place, { id: playbook_id, name: 'Discounts', slug: playbook_id })
  const found = await findByToken(shell.database.db, token)
  if (found === null) throw new Error('The link leads nowhere.')
  return { run, ask: { ...found.ask, token } }
}

const answer = (ask: AskByLink, port: 'approved' | 'rejected', temporal: object = shell.client) =>
  answerAsk(
    { db: shell.database.db, temporal: temporal as never, log: silent, now: Date.now() },
    { ask, said: { kind: 'approval', port, comment: 'Fine.' }, by: { name: 'Ada', token: ask.token } },
  )

it('asks a person, has the link brought to them, and goes on by the first answer', async () => {
  const { run, ask } = await asking()
  expect(ask).toMatchObject({ title: 'Give 20 %?', by_link: true })
  const answered = await Promise.allSettled([answer(ask, 'approved'), answer(ask, 'approved'), answer(ask, 'approved')])
  expect(answered.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  await shell.ended(run)
  expect(texts()[1]).toBe('go: Fine. Ada (by the link)')
  expect(texts()).toHaveLength(2)
})

it('is told of an answer by the workers when whoever took it died before it could', async () => {
  const { run, ask } = await asking()
  await answer(ask, 'rejected', away)
  expect(await commandOwed(shell.directory, shell.client, Date.now() + 1)).toBe(1)
  await shell.ended(run)
  expect(texts().slice(1)).toEqual(['stop'])
  expect((await rowOf(run)).milestone_due).toBeNull()
  expect(await commandOwed(shell.directory, shell.client, Date.now() + 1)).toBe(0)
})

it('takes an answer that was given in time though its time is over when it is told', async () => {
  const { run, ask } = await asking()
  await answer(ask, 'approved', away)
  const { state } = replay(plan, await shell.inputs(run))
  const until = state?.steps.ask?.until ?? 0
  const perform = async () => ({ kind: 'done' as const, output: null })
  const late = await new Stint({ ports: shell.ports, perform }, plan, {
    ...run,
    subject: { kind: 'contact', id: '00000000-0000-7000-8000-000000000001' },
    trigger: { step: 'start', data: {} },
    planHash: planHash(shell.workspaceId, JSON.stringify(plan)),
    state,
    position: (await shell.inputs(run)).length,
    arrivals: [{ kind: 'wake', step: 'ask', visit: 1, until }],
    away: [],
    epoch: until + 1,
    notBefore: until + 1,
  }).run()
  expect(late.inputs.map(({ kind }) => kind)).toEqual(['operator', 'outcome'])
  expect(replay(plan, late.inputs, state).state?.steps.ask?.port).toBe('approved')
})
