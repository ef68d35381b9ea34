import { randomUUID } from 'node:crypto'
import { openPast } from '../../api/backtest/open-past.ts'
import { wantedPast } from '../../api/backtest/wanted-past.ts'
import { onPool } from '../../api/db/sql.ts'
import { raiseRevision } from '../../api/dispatch/workspace-catalog.ts'
import { type Backtested, openBacktest } from '../../engine/backtest/backtest.ts'
import { renderInput } from '../../engine/expression/render.ts'
import type { Plan, PlanStep } from '../../engine/model/plan.ts'
import type { Rule } from '../../engine/model/rule.ts'
import type { RunInput, RunState, StepOutcome } from '../../engine/model/run.ts'
import { mergeReads, readsOf } from '../../engine/rules/reads.ts'
import { stepOf } from '../../engine/run/instance.ts'
import { rulesOfStep } from '../../engine/run/rules-of-step.ts'
import { replay } from '../../engine/run/view.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { LiveShell } from '../helpers/live-shell.ts'
import { act, branch, delay, planOf, trigger, waitEvent, waitRule } from '../helpers/plans.ts'
import { storePlaybook } from '../helpers/store-playbook.ts'
import { until } from '../helpers/until.ts'

/** What runs came to, the same shape for real ones and for those of a backtest. */
export interface CameTo {
  /** By contact: when the run began, how it ended, and the steps it came to with the ports it left them by. */
  runs: { [contactId: string]: { enteredAt: number; status: string; path: string[] } }
  refused: { [code: string]: number }
  written: { [step: string]: number }
  /** What was sent, or would have been, in no order. */
  sent: string[]
}

export interface ReplayReport {
  real: CameTo
  backtest: CameTo
  /** Steps that the real run came to before its virtual one: there can be none. */
  early: string[]
}

/**
 * A sample of events lived through the real dispatcher, Temporal and ledger; then the stored events through a backtest,
 * whose actions answer what the ledger recorded. Whatever is waited for happens once the run really waits for it.
 */
export async function replayScenario(shell: LiveShell, people: number): Promise<ReplayReport> {
  const from = Date.now()
  const playbookId = await publish(shell, plan)
  const all = await Promise.all(Array.from({ length: people }, (_, i) => arrive(shell, i)))
  await live(shell, all)
  const records = await recordsOf(shell, playbookId)
  const found = await backtestOf(shell, records, { from, until: Date.now() })
  return {
    real: await realOf(shell, playbookId, records),
    backtest: found.came,
    early: earlyIn(records, found.sample),
  }
}

const PAUSE_MS = 500
/** Nobody answers this wait, so that a slow machine changes nothing about it; what is answered has all the time it needs. */
const SHORT_WAIT_MS = 1_000
const LONG_WAIT_MS = 3_600_000
const USED: Rule = { event: 'Feature Used', count: { op: 'gte', value: 2 }, within: 'P1D' }
const PATIENT: Rule = { property: 'trigger.properties.patient', op: 'eq', value: true }
const TEAM: Rule = { property: 'contact.plan', op: 'eq', value: 'team' }
const LEFT: Rule = { property: 'contact.left', op: 'exists' }

const writes = (id: string, text: string, next: string[] = []): PlanStep & { op: 'act' } => ({
  ...act(id, next),
  type: 'pad.readBack@1',
  connection: 'pad',
  input: { text },
  readsSteps: text.includes('steps.find') ? ['find'] : [],
})

//  start --> find --> pause --> used --yes--> thank
//              \error--> sorry     \patient--> shipped --happened--> team --met--> welcome
//                                  \else--> noticed --timeout--> miss
const drawn = planOf([
  {
    ...trigger('start', ['find']),
    op: 'trigger',
    type: 'trigger.event@1',
    input: { event: 'Trial Started' },
  } as PlanStep,
  {
    ...writes('find', 'find {{ contact.name }} {{ trigger.properties.order }}'),
    keeps: true,
    onFailure: 'branch',
    out: { out: ['pause'], error: ['sorry'] },
  },
  writes('sorry', 'sorry, {{ steps.find.fault.code }}'),
  delay('pause', { mode: 'for', ms: PAUSE_MS }, ['used']),
  branch(
    'used',
    [
      { port: 'yes', if: USED },
      { port: 'patient', if: PATIENT },
    ],
    { yes: ['thank'], patient: ['shipped'], else: ['noticed'] },
  ),
  writes('thank', 'thanks, {{ steps.find.text }}'),
  waitEvent(
    'shipped',
    { event: 'Shipped', keys: [{ property: 'order', path: 'trigger.properties.order' }], maxWaitMs: LONG_WAIT_MS },
    { happened: ['team'], timeout: [] },
  ),
  waitEvent('noticed', { event: 'Noticed', maxWaitMs: SHORT_WAIT_MS }, { happened: [], timeout: ['miss'] }),
  waitRule('team', { rule: TEAM, maxWaitMs: null }, { met: ['welcome'], timeout: [] }),
  writes('welcome', 'welcome {{ contact.plan }}'),
  writes('miss', 'we miss {{ contact.name }}'),
])

const plan: Plan = {
  ...drawn,
  enrollment: { reentry: { policy: 'once' }, exit: [{ name: 'left', if: LEFT }], goal: null },
  reads: mergeReads([
    { ...drawn.reads, properties: ['contact.name', 'contact.plan'] },
    ...[LEFT, ...drawn.steps.flatMap(rulesOfStep)].map(readsOf),
  ]),
  watches: true,
}

interface Person {
  userId: string
  id: string
  order: number
  fate: 'uses' | 'ordersMore' | 'waits' | 'isRefused' | 'leaves' | 'comesAgain'
}
const FATES = ['uses', 'ordersMore', 'waits', 'isRefused', 'leaves', 'comesAgain'] as const

const track = ({ userId }: { userId: string }, event: string, properties: { [name: string]: Json } = {}) => ({
  type: 'track',
  messageId: randomUUID(),
  userId,
  event,
  properties,
})
const identify = ({ userId }: { userId: string }, traits: { [name: string]: Json }) => ({
  type: 'identify',
  messageId: randomUUID(),
  userId,
  traits,
})

async function arrive(shell: LiveShell, i: number): Promise<Person> {
  const fate = FATES[i % FATES.length] ?? 'waits'
  const name = `Person ${i}`
  const who = await shell.contact({ name, plan: 'free' })
  const person: Person = { ...who, order: 1000 + i, fate }
  if (fate === 'isRefused') shell.outside.refused.add(`find ${name} ${person.order}`)
  if (fate === 'uses') await shell.send(track(person, 'Feature Used'), track(person, 'Feature Used'))
  const patient = fate === 'ordersMore' || fate === 'leaves'
  await shell.send(track(person, 'Trial Started', { order: person.order, patient }))
  return person
}

/** Tells each what it waits for once it does, until all runs are over. */
async function live(shell: LiveShell, all: readonly Person[]): Promise<void> {
  const byContact = new Map(all.map((person) => [person.id, person]))
  const told = new Set<string>()
  const once = async (key: string, ...messages: Parameters<LiveShell['send']>): Promise<void> => {
    if (told.has(key)) return
    told.add(key)
    await shell.send(...messages)
  }
  await until('every run is over', async () => {
    const rows = await shell.w.opened.db
      .selectFrom('runs')
      .select(['subject_id', 'at_steps', 'ended_at'])
      .where('workspace_id', '=', shell.w.id)
      .execute()
    if (rows.length >= all.length && rows.every((row) => row.ended_at !== null)) return true
    for (const { subject_id: id, at_steps: at } of rows) {
      const person = byContact.get(id)
      if (person === undefined) continue
      const { order, fate } = person
      if (fate === 'ordersMore' && at.includes('shipped'))
        await once(`${id} shipped`, track(person, 'Shipped', { order: 1 }), track(person, 'Shipped', { order }))
      if (fate === 'ordersMore' && at.includes('team')) await once(`${id} team`, identify(person, { plan: 'team' }))
      if (fate === 'leaves' && at.includes('shipped')) await once(`${id} left`, identify(person, { left: 'yes' }))
      if (fate === 'comesAgain') await once(`${id} again`, track(person, 'Trial Started', { order: order + 1 }))
    }
    return false
  })
}

async function publish({ w }: LiveShell, of: Plan): Promise<string> {
  const id = await storePlaybook({ ...w.opened, workspaceId: w.id }, { slug: 'trial', name: 'Trial', plan: of })
  await raiseRevision(onPool(w.opened.pool), w.id)
  return id
}

interface RunRecord {
  runId: string
  contactId: string
  enteredAt: number
  inputs: RunInput[]
  state: RunState
}

async function recordsOf(shell: LiveShell, playbookId: string): Promise<RunRecord[]> {
  const rows = await shell.w.opened.db
    .selectFrom('runs')
    .select(['id', 'subject_id', 'created_at'])
    .where('workspace_id', '=', shell.w.id)
    .where('playbook_id', '=', playbookId)
    .execute()
  return Promise.all(
    rows.map(async (row) => {
      const inputs = await shell.inputs({ workspaceId: shell.w.id, runId: row.id })
      const { state } = replay(plan, inputs)
      if (state === null) throw new Error(`Run ${row.id} has no record.`)
      return { runId: row.id, contactId: row.subject_id, enteredAt: row.created_at.getTime(), inputs, state }
    }),
  )
}

async function realOf(shell: LiveShell, playbookId: string, records: RunRecord[]): Promise<CameTo> {
  const { db } = shell.w.opened
  const refused = await db
    .selectFrom('enrollments')
    .select('code')
    .where('workspace_id', '=', shell.w.id)
    .where('playbook_id', '=', playbookId)
    .where('outcome', '=', 'refused')
    .execute()
  const effects = await db
    .selectFrom('effects')
    .select(['step', 'status', 'input'])
    .where('workspace_id', '=', shell.w.id)
    .execute()
  return {
    runs: Object.fromEntries(
      records.map(({ contactId, enteredAt, state }) => [
        contactId,
        {
          enteredAt,
          status: state.status,
          path: pathOf(Object.entries(state.steps).map(([step, one]) => ({ step, ...one }))),
        },
      ]),
    ),
    refused: countOf(refused.map(({ code }) => code)),
    written: countOf(effects.filter(({ status }) => status === 'landed').map(({ step }) => stepOf(step))),
    sent: effects.map(({ input }) => JSON.stringify(input)).toSorted(),
  }
}

/** Steps that were come to, in no order: of two at one moment the record and the clock may have another. */
const pathOf = (steps: Array<{ step: string; startedAt?: number; port?: string | null }>): string[] =>
  steps.flatMap(({ step, startedAt, port }) => (startedAt === undefined ? [] : [`${step} ${port ?? ''}`])).toSorted()

const countOf = (all: readonly string[]): { [name: string]: number } =>
  Object.fromEntries([...Map.groupBy(all, (one) => one)].map(([one, same]) => [one, same.length]))

/** By contact and step, what came of the action. */
function outcomesOf(records: readonly RunRecord[]): Map<string, StepOutcome> {
  return new Map(
    records.flatMap(({ contactId, inputs }) =>
      inputs.flatMap((input) =>
        input.kind === 'outcome' ? [[`${contactId} ${input.step}`, input.outcome] as const] : [],
      ),
    ),
  )
}

async function backtestOf(
  shell: LiveShell,
  records: RunRecord[],
  period: { from: number; until: number },
): Promise<{ came: CameTo; sample: Backtested['sample'] }> {
  const outcomes = outcomesOf(records)
  const sent: string[] = []
  const client = await shell.w.opened.pool.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    const past = await openPast(client, shell.w.id, wantedPast(plan, period))
    const going = openBacktest({
      plan,
      ...period,
      samples: records.length + 1,
      externalIdOf: (id) => past.externalIds.get(id) ?? null,
      render: (input, scope) => {
        const filled = renderInput(input, scope)
        sent.push(JSON.stringify(filled))
        return filled
      },
      answer: (_step, { subjectId, instance }) => {
        const outcome = outcomes.get(`${subjectId} ${instance}`)
        if (outcome?.kind === 'done') return { output: outcome.output }
        if (outcome?.kind === 'failed') return { fault: outcome.fault }
        throw new Error(`${subjectId} never came to ${instance} really.`)
      },
    })
    await past.read(
      (together) => going.takeTogether(together),
      () => undefined,
    )
    const { sample, refused, steps } = going.end()
    return {
      sample,
      came: {
        runs: Object.fromEntries(
          sample.map(({ subjectId, enteredAt, status, path }) => [
            subjectId,
            { enteredAt, status, path: pathOf(path.map(({ at, ...one }) => ({ ...one, startedAt: at }))) },
          ]),
        ),
        refused: { ...refused },
        written: Object.fromEntries(steps.flatMap(({ step, written }) => (written > 0 ? [[step, written]] : []))),
        sent: sent.toSorted(),
      },
    }
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

function earlyIn(records: readonly RunRecord[], sample: Backtested['sample']): string[] {
  const states = new Map(records.map(({ contactId, state }) => [contactId, state]))
  return sample.flatMap(({ subjectId, path }) =>
    path.flatMap(({ step, at }) => {
      const real = states.get(subjectId)?.steps[step]?.startedAt
      return real !== undefined && real < at ? [`${subjectId} ${step}: ${real} before ${at}`] : []
    }),
  )
}
