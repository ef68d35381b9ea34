import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EffectIntent, RecordPart } from '../../engine/ports.ts'
import { runId } from '../../engine/ids.ts'
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts'
import { type OpenedDatabase, openDatabase } from './database.ts'
import { createEffectsLedger } from './ledger-store.ts'
import { newId } from './new-id.ts'
import { createRunRecord } from './run-record.ts'
import { onPool } from './sql.ts'

const AT = Date.parse('2026-01-05T10:00:00Z')
const fault = { code: 'RATE_LIMITED', who: 'vendor', message: 'Slow down.', fix: 'Wait.' } as const

let database: TestDatabase
let opened: OpenedDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  opened = openDatabase(database.url)
})
afterAll(async () => {
  await opened.close()
  await database.drop()
})

let run: { workspaceId: string; runId: string }
beforeEach(async () => {
  const at = new Date(AT)
  const workspaceId = newId(AT)
  const playbookId = newId(AT)
  run = { workspaceId, runId: runId(workspaceId, playbookId, 'first') }
  await opened.db
    .insertInto('workspaces')
    .values({ id: workspaceId, slug: workspaceId, name: 'W', created_at: at })
    .execute()
  await opened.db
    .insertInto('runs')
    .values({
      workspace_id: workspaceId,
      id: run.runId,
      playbook_id: playbookId,
      version: 1,
      plan_hash: 'plan_x',
      subject_kind: 'contact',
      subject_id: newId(AT),
      occurrence: 'first',
      trigger: '{}',
      cause: '{}',
      created_at: at,
      updated_at: at,
    }) // prettier-ignore
    .execute()
})

const ledger = () => createEffectsLedger(onPool(opened.pool), () => {})
const record = () => createRunRecord(onPool(opened.pool), () => {})
const intent = (visit = 1): EffectIntent => ({
  ...run,
  key: `${run.runId}:tag:${visit}`,
  step: 'tag',
  visit,
  action: 'intercom.tagContact@1',
  connectionId: null,
  input: { tag: 'vip' },
})
const part = (from: number, epoch: number, steps: string[]): RecordPart => ({
  from,
  epoch,
  inputs: steps.map((step) => ({ kind: 'outcome', at: AT, step, visit: 1, outcome: { kind: 'done', output: null } })),
  summary: { status: 'running', reason: null, waitingUntil: null, at: steps, heldBy: [] },
})
const inputs = async () =>
  (
    await opened.db
      .selectFrom('run_inputs')
      .select(['position', 'input'])
      .where('run_id', '=', run.runId)
      .orderBy('position')
      .execute()
  ).map((row) => `${row.position}:${(row.input as { step?: string }).step ?? 'start'}`)

describe('the effects ledger', () => {
  it('finds an attempt whose end is not known, and one that landed', async () => {
    const first = await ledger().intend(intent(), AT, null)
    expect(first).toMatchObject({ status: 'intended', attempts: 1, resumed: false })
    const second = await ledger().intend(intent(), AT + 1000, null)
    expect(second).toMatchObject({ status: 'intended', attempts: 2, resumed: true, attemptedAt: AT, intendedAt: AT })
    await ledger().land(second, { output: { tag: '1' }, externalId: '1', before: null }, AT + 2000)
    expect(await ledger().intend(intent(), AT + 3000, null)).toMatchObject({
      status: 'landed',
      output: { tag: '1' },
      resumed: false,
    })
  })

  it('starts clean after an attempt that certainly did not land', async () => {
    const first = await ledger().intend(intent(), AT, null)
    await ledger().clear(first, fault, AT + 10)
    expect(await ledger().intend(intent(), AT + 1000, null)).toMatchObject({
      resumed: false,
      attemptedAt: AT + 1000,
      intendedAt: AT,
    })
  })

  it('opens a failed row again, because it never landed', async () => {
    const first = await ledger().intend(intent(), AT, null)
    await ledger().fail(first, fault, AT + 10)
    expect(await ledger().intend(intent(), AT + 1000, null)).toMatchObject({ status: 'intended', resumed: false })
  })

  it('keeps what landed whatever a late attempt says', async () => {
    const row = await ledger().intend(intent(), AT, null)
    await ledger().land(row, { output: 1, externalId: null, before: null }, AT)
    await expect(ledger().fail(row, fault, AT + 10)).rejects.toThrow('no open row')
    expect(await ledger().intend(intent(), AT + 1000, null)).toMatchObject({ status: 'landed', output: 1 })
  })

  it('leaves with the person what they were asked, and tells them that it landed after all', async () => {
    const row = await ledger().intend(intent(), AT, null)
    await ledger().review(row, fault, AT + 10)
    await ledger().land(row, { output: { tag: '1' }, externalId: '1', before: null }, AT + 20)
    expect(await ledger().intend(intent(), AT + 1000, null)).toMatchObject({
      status: 'unknown',
      resumed: false,
      output: { tag: '1' },
      externalId: '1',
      fault: { code: 'OUTCOME_UNKNOWN', message: 'The answer came late: it landed.' },
    })
  })

  it('leaves with the person what they were asked, and tells them that it failed after all', async () => {
    const row = await ledger().intend(intent(), AT, null)
    await ledger().review(row, { ...fault, code: 'OUTCOME_UNKNOWN' }, AT + 10)
    await ledger().fail(row, fault, AT + 20)
    expect(await ledger().intend(intent(), AT + 1000, null)).toMatchObject({ status: 'unknown', fault })
  })

  it('writes what led to an intent in the same transaction', async () => {
    await ledger().intend(intent(), AT, part(0, AT, ['a', 'b']))
    expect(await inputs()).toEqual(['0:a', '1:b'])
  })
})

describe('the record of a run', () => {
  it('lets the first start win, and answers everything that is recorded', async () => {
    const start = (at: number) => ({
      kind: 'start' as const,
      at,
      trigger: { step: 's', data: {} },
      facts: { at, contact: null, account: null, segments: [], signals: [], events: {} },
    })
    expect(await record().open(run, start(AT), AT)).toEqual([start(AT)])
    await record().append(run, part(1, AT, ['a']))
    const again = await record().open(run, start(AT + 5000), AT + 5000)
    expect(again).toHaveLength(2)
    expect(again[0]).toEqual(start(AT))
  })

  it('lets a later workflow task replace what a lost one wrote, and not the other way round', async () => {
    await record().append(run, part(0, AT + 10, ['b', 'a']))
    await record().append(run, part(0, AT, ['x', 'y']))
    expect(await inputs()).toEqual(['0:b', '1:a'])
    await record().append(run, part(0, AT + 20, ['c']))
    expect(await inputs()).toEqual(['0:c', '1:a'])
  })

  it('drops at the end what lost tasks left beyond it', async () => {
    await record().append(run, part(0, AT, ['a', 'b', 'c']))
    await record().conclude(run, part(0, AT + 10, ['a']), AT + 20)
    expect(await inputs()).toEqual(['0:a'])
  })

  it('says that a run is gone when its row is', async () => {
    await expect(record().append({ ...run, runId: 'run_none' }, part(0, AT, ['a']))).rejects.toThrow(
      'not in the database',
    )
  })
})
