import proto from '@temporalio/proto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { effectKey, runId } from '../../engine/ids.ts'
import type { Plan, PlanStep } from '../../engine/model/plan.ts'
import type { RunRef } from '../../engine/ports.ts'
import { commandOwed } from '../../engine/temporal/reconcile.ts'
import { createRunCodec } from '../../engine/temporal/codec.ts'
import { chain, wait, write } from '../../test/helpers/chain-plan.ts'
import { asks, exit, planOf, trigger } from '../../test/helpers/plans.ts'
import { createShell, type Shell, SHELL_SECRET } from '../../test/helpers/durable-shell.ts'
import { occurrence } from '../enroll/enroll.ts'
import { writeEnrollments } from '../db/enrollment-store.ts'
import { newId } from '../db/new-id.ts'
import { onPool } from '../db/sql.ts'
import { openVault } from '../connections/vault.ts'
import { createIdentityHash } from './identity-hash.ts'
import { createRunKeys } from './run-keys.ts'
import { type Person, personEverywhere, SECRET } from '../../test/helpers/person-everywhere.ts'
import { createWorkspaceKeys } from './workspace-keys.ts'
import { type ErasureDeps, workErasures } from './work-erasures.ts'

const hash = createIdentityHash('the secret of the test')
let shell: Shell
let accountId: string
beforeAll(async () => {
  shell = await createShell()
  accountId = newId(Date.now())
  const at = new Date()
  await shell.database.db
    .insertInto('accounts')
    .values({
      workspace_id: shell.workspaceId,
      id: accountId,
      external_id: 'acc-shared',
      name: 'Shared',
      properties: '{"plan":"pro"}',
      created_at: at,
      updated_at: at,
    })
    .execute()
})
afterAll(() => shell.close())

const person = (name: string): Promise<Person> =>
  personEverywhere(shell.database, { workspaceId: shell.workspaceId, accountId }, name)

const rows = <T extends object>(text: string, values: unknown[] = []) =>
  shell.database.pool.query<T>(text, values).then((result) => result.rows)

/** Starts a run as enrollment writes it. */
async function run(plan: Plan, who: Person, about: 'contact' | 'account' = 'contact'): Promise<RunRef> {
  const template = await shell.enroll(plan, {})
  const [{ hash: planHash } = { hash: '' }] = await rows<{ hash: string }>(
    'SELECT plan_hash AS hash FROM runs WHERE id = $1',
    [template.runId],
  )
  await rows('DELETE FROM runs WHERE id = $1', [template.runId])
  const playbookId = newId(Date.now())
  const key = occurrence.key(`${who.email}-${about}`)
  const id = runId(shell.workspaceId, playbookId, key)
  const trigger = { step: plan.steps[0]?.id ?? '', data: { name: who.name, secret: SECRET } }
  const subjectId = about === 'contact' ? who.id : accountId
  await writeEnrollments(onPool(shell.database.pool), shell.workspaceId, {
    runs: [
      {
        id,
        playbookId,
        version: 1,
        planHash,
        subjectKind: about,
        subjectId,
        occurrence: key,
        trigger,
        cause: { contactId: who.id, email: who.email },
        entryKey: null,
        waits: false,
        people: [who.id],
      },
    ],
    enrollments: [
      {
        id: newId(Date.now()),
        eventSeq: null,
        edgeId: null,
        playbookId,
        version: 1,
        step: 's',
        subjectId,
        outcome: 'started',
        code: 'STARTED',
        reason: who.email,
        runId: id,
        why: null,
      },
    ],
    now: Date.now(),
  }) // prettier-ignore
  const ref = { workspaceId: shell.workspaceId, runId: id }
  const asked = { title: `Call ${who.name}?`, text: who.email, fields: [], people: [], maxWait: 'P1D' }
  await shell.ports
    .inside({ ...ref, key: effectKey(id, 's', 1), step: 's', visit: 1 })
    .ask({ kind: 'approval', who: 'editors', byLink: false, ...asked })
  await shell.client.startRuns([ref])
  return ref
}

const settled = (ref: RunRef, status: string) =>
  vi.waitFor(async () => expect(await shell.row(ref)).toMatchObject({ status }), { timeout: 30_000 })

async function ask(who: Person, suppress = false): Promise<void> {
  const id = newId(Date.now())
  await shell.database.db
    .insertInto('erasures')
    .values({
      workspace_id: shell.workspaceId,
      id,
      contact_id: who.id,
      subject_hash: Buffer.from('x'),
      suppress,
      status: 'running',
      part: 'start',
      requested_by: 'owner',
      requested_at: new Date(),
    })
    .execute()
}

const depsOf = (more: Partial<ErasureDeps> = {}): ErasureDeps => ({
  pool: shell.database.pool,
  directory: shell.directory,
  runs: shell.client,
  hash,
  clock: Date.now,
  ...more,
}) // prettier-ignore

const untilDone = () =>
  vi.waitFor(async () => expect(await workErasures(depsOf())).toBe(0), { timeout: 60_000, interval: 200 })

/** Every place in the database where one of the words stands. */
async function found(words: string[]): Promise<string[]> {
  const columns = await rows<{ table: string; column: string }>(
    `SELECT c.table_name AS "table", c.column_name AS "column" FROM information_schema.columns c
      JOIN information_schema.tables t USING (table_schema, table_name)
      WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.data_type IN ('text', 'json', 'jsonb', 'bytea', 'ARRAY', 'uuid', 'character varying')`,
  )
  const places: string[] = []
  for (const { table, column } of columns) {
    const hits = await rows<{ n: number }>(
      `SELECT count(*)::int AS n FROM "${table}" t WHERE EXISTS (SELECT 1 FROM unnest($1::text[]) AS w
        WHERE strpos(lower(CASE WHEN pg_typeof("${column}")::text = 'bytea' THEN encode("${column}"::text::bytea, 'escape') ELSE "${column}"::text END), lower(w)) > 0
          OR (pg_typeof("${column}")::text = 'bytea' AND strpos("${column}"::text, encode(convert_to(w, 'UTF8'), 'hex')) > 0))`,
      [words],
    )
    if ((hits[0]?.n ?? 0) > 0) places.push(`${table}.${column}`)
  }
  return places
}

const wordsOf = ({ email, externalId, name, id }: Person): string[] => [
  email,
  externalId,
  name,
  id,
  `${SECRET}-${name.split(' ')[0]}`,
]

/** A history as text, as Temporal has it and as we can read it. */
async function historyOf(ref: RunRef): Promise<{ raw: string; read: string }> {
  const history = await shell.temporal.client.workflow.getHandle(ref.runId).fetchHistory()
  const bytes = proto.temporal.api.history.v1.History.encode(history).finish()
  // Of a process that has no key in memory: one that has forgets it within ten minutes.
  const q = onPool(shell.database.pool)
  const keys = createRunKeys({
    q,
    workspaces: createWorkspaceKeys(q, openVault(SHELL_SECRET), Date.now),
    clock: Date.now,
  })
  const codec = createRunCodec({ blobs: shell.ports.blobs, keys })
  const payloads: Array<{ metadata?: { [name: string]: Uint8Array }; data?: Uint8Array }> = []
  const gather = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
    if ('metadata' in value && 'data' in value) payloads.push(value as (typeof payloads)[number])
    else for (const part of Object.values(value)) gather(part)
  }
  gather(history)
  const read = await codec.decode(payloads)
  return {
    raw: Buffer.from(bytes).toString('latin1'),
    read: read.map((payload) => Buffer.from(payload.data ?? []).toString()).join('\n'),
  }
}

describe('what Temporal holds of a run', () => {
  it('is closed, failures too: no name, no address, no value of the person', async () => {
    const who = await person('Cleo')
    shell.outside.refused.add(`${SECRET} for Cleo Quill`)
    const failing = await run(chain(write('a', 'natural', `{{ trigger.secret }} for {{ trigger.name }}`)), who)
    await settled(failing, 'failed')
    const { raw, read } = await historyOf(failing)
    for (const word of [SECRET, 'Cleo', who.email, 'Not this text']) expect(raw).not.toContain(word)
    expect(read).toContain('Cleo Quill')
    expect(read).toContain(SECRET)
  })
})

describe('deleting a person', () => {
  it('leaves nothing of them anywhere, and everybody else as they were', async () => {
    const ada = await person('Ada')
    const bob = await person('Bob')
    const waiting = await run(chain(write('a', 'natural', '{{ trigger.name }}'), wait('pause', 3_600_000)), ada)
    const shared = await run(chain(wait('pause', 3_600_000), write('a')), ada, 'account')
    const ended = await run(chain(write('a', 'natural', '{{ trigger.secret }}')), ada)
    const bobs = await run(chain(write('a', 'natural', '{{ trigger.name }}'), wait('pause', 3_600_000)), bob)
    await settled(waiting, 'waiting')
    await settled(shared, 'waiting')
    await settled(ended, 'completed')
    await settled(bobs, 'waiting')
    expect((await found(wordsOf(ada))).length).toBeGreaterThan(20)
    const before = await found(wordsOf(bob))
    const account = await rows('SELECT * FROM accounts WHERE id = $1', [accountId])
    // The server may be slow to delete: that it cannot be read any more is what counts.
    const deleteHistories = () => Promise.resolve(0)
    await ask(ada, true)
    await vi.waitFor(
      async () => expect(await workErasures(depsOf({ runs: { ...shell.client, deleteHistories } }))).toBe(0),
      { timeout: 60_000, interval: 200 },
    )

    expect(await found([...wordsOf(ada), 'anon-Ada-1'])).toEqual([])
    for (const ref of [waiting, shared, ended]) {
      const { raw, read } = await historyOf(ref)
      for (const word of [...wordsOf(ada), SECRET]) expect(raw + read).not.toContain(word)
      expect(read).toContain('"erased":true')
    }
    expect(await found(wordsOf(bob))).toEqual(before)
    expect(await rows('SELECT * FROM accounts WHERE id = $1', [accountId])).toEqual(account)
    expect(await shell.row(bobs)).toMatchObject({ status: 'waiting' })
    expect((await historyOf(bobs)).read).toContain('Bob Quill')
    expect(await shell.row(shared)).toMatchObject({ status: 'cancelled' })
    const [erasure] = await rows('SELECT * FROM erasures ORDER BY requested_at DESC LIMIT 1')
    expect(erasure).toMatchObject({ status: 'done', known: null, contact_id: null })
    expect(erasure).toMatchObject({
      counts: {
        contacts: 1,
        identities: 3,
        runsEnded: 2,
        runs: 2,
        runsOfOthers: 1,
        keysDestroyed: 3,
        events: 1,
        eventsOfAccounts: 1,
      },
    })
    const suppressed = await rows<{ hash: Buffer }>('SELECT hash FROM suppressed_identities')
    expect(suppressed.map((row) => row.hash.toString('hex'))).toContain(
      hash(shell.workspaceId, { kind: 'email', value: ada.email }).toString('hex'),
    )
  })

  it('goes on where it was when the process dies, at any part, and counts nothing twice', async () => {
    const who = await person('Dora')
    const open = await run(chain(wait('pause', 3_600_000), write('a')), who)
    await settled(open, 'waiting')
    await ask(who)
    const died = new Set<string>()
    const reached = (part: string): void => {
      if (died.has(part)) return
      died.add(part)
      throw new Error(`killed at ${part}`)
    }
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    await vi.waitFor(async () => expect(await workErasures(depsOf({ reached }))).toBe(0), {
      timeout: 60_000,
      interval: 50,
    })
    said.mockRestore()
    expect(died.size).toBeGreaterThan(30)
    expect(await found(wordsOf(who))).toEqual([])
    const [erasure] = await rows('SELECT counts, fault FROM erasures ORDER BY requested_at DESC LIMIT 1')
    expect(erasure).toMatchObject({
      fault: null,
      counts: { contacts: 1, events: 1, runs: 1, keysDestroyed: 1, notes: 1 },
    })
  })

  it('is done with somebody who has no runs, and takes the history from a server that can', async () => {
    const who = await person('Eve')
    const ref = await run(chain(write('a')), who)
    await settled(ref, 'completed')
    await ask(who)
    await untilDone()
    const [erasure] = await rows<{ counts: { histories?: number } }>(
      'SELECT counts FROM erasures ORDER BY requested_at DESC LIMIT 1',
    )
    expect(erasure?.counts.histories).toBe(1)
  })

  // start --> ask --failed--> write
  it('tells whoever waits for a run of theirs that it failed, once', async () => {
    const who = await person('Finn')
    const called = await run(chain(wait('pause', 3_600_000), write('a')), who)
    await settled(called, 'waiting')
    const asking: PlanStep = {
      ...asks('ask', null, { asked: [], failed: ['sorry'] }),
      input: { title: 'Go on?', maxWait: 'P9D', link: 'mayAnswer' },
      answer: { ports: ['done', 'failed'], maxWaitMs: null },
    }
    const caller = await shell.start(planOf([trigger('start', ['ask']), asking, { ...exit('sorry', 'It failed') }]))
    await settled(caller, 'waiting')
    const call = { key: `${caller.runId}:ask:1`, caller_id: caller.runId, step: 'ask', visit: 1, waits: true }
    await shell.database.db
      .insertInto('run_calls')
      .values({ workspace_id: shell.workspaceId, run_id: called.runId, ...call })
      .execute()
    await ask(who)
    await untilDone()
    await vi.waitFor(
      async () => {
        await commandOwed(shell.directory, shell.client, Date.now() + 1)
        expect(await shell.row(caller)).toMatchObject({ status: 'exited', reason: 'It failed' })
      },
      { timeout: 20_000, interval: 200 },
    )
  })
})
