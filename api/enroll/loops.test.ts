import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Enrollment } from '../../engine/model/playbook.ts'
import type { Json } from '../../nodes/manifest.ts'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { inTransaction } from '../db/sql.ts'
import { whyRun } from '../why/why-run.ts'
import { enroll, type EnrollmentOutcome, occurrence } from './enroll.ts'

let w: TestWorkspace
let intercom: string
beforeAll(async () => {
  w = await createTestWorkspace()
  intercom = randomUUID()
  await w.opened.db
    .insertInto('connections')
    .values({
      workspace_id: w.id,
      id: intercom,
      slug: 'intercom',
      app: 'intercom',
      name: 'Intercom',
      sealed: Buffer.alloc(0),
      created_at: new Date(w.clock.now),
      updated_at: new Date(w.clock.now),
    })
    .execute()
})
beforeEach(async () => {
  await w.opened.db.updateTable('playbooks').set({ status: 'archived' }).execute()
})
afterAll(() => w.close())

const playbook = (slug: string, event: string, enrollment: Partial<Enrollment> = {}) =>
  w.playbook(slug, { trigger: { type: 'trigger.event', input: { event } }, enrollment })
const track = (event: string, userId = 'ada', properties: { [name: string]: Json } = {}): Json => ({
  type: 'track',
  userId,
  event,
  properties,
})
/** Sends, and answers the one run that it starts. */
async function startedBy(...messages: Json[]): Promise<string> {
  await w.send(...messages)
  const [run, ...others] = await w.dispatch()
  if (run === undefined || others.length > 0) throw new Error('Not one run was started.')
  return run.runId
}
/** A write of a run, as the ledger has it. */
async function wrote(runId: string, given: { action?: string; input?: Json; output?: Json; at?: number } = {}) {
  const key = `${runId}:tag:1`
  const at = new Date(given.at ?? w.clock.now)
  await w.opened.db
    .insertInto('effects')
    .values({
      workspace_id: w.id,
      key,
      run_id: runId,
      step: 'tag',
      visit: 1,
      action: given.action ?? 'http.request@1',
      connection_id: intercom,
      input: JSON.stringify(given.input ?? {}),
      status: given.output === undefined ? 'intended' : 'landed',
      output: given.output === undefined ? null : JSON.stringify(given.output),
      intended_at: at,
      attempted_at: at,
      ended_at: given.output === undefined ? null : at,
    })
    .execute()
  return { effect: key }
}
const answersOf = async (playbookId: string) =>
  w.opened.db
    .selectFrom('enrollments')
    .select(['code', 'reason', 'run_id', 'event_seq'])
    .where('playbook_id', '=', playbookId)
    .orderBy('id')
    .execute()
const codesOf = async (playbookId: string) => (await answersOf(playbookId)).map(({ code }) => code)
const contactOf = async (userId: string) =>
  (await w.opened.db.selectFrom('contacts').select('id').where('external_id', '=', userId).executeTakeFirstOrThrow()).id

describe('a run whose own effect would start it again', () => {
  it('is refused with the path, and the run that did it is named', async () => {
    const id = await playbook('upsell', 'Plan Changed')
    const run = await startedBy(track('Plan Changed'))
    await w.sendBecause(await wrote(run), track('Plan Changed'))
    expect(await w.dispatch()).toEqual([])
    const [, refused] = await answersOf(id)
    expect(refused).toMatchObject({
      code: 'LOOP',
      run_id: run,
      reason: `It would start itself again: run ${run.slice(4, 12)} of “upsell” by its step “tag” → the event “Plan Changed” → “upsell” again. Let the trigger or the step leave out what the playbook itself does.`,
    })
    const event = await w.opened.db
      .selectFrom('events')
      .select('cause')
      .where('seq', '=', refused?.event_seq ?? '')
      .executeTakeFirstOrThrow()
    expect(event.cause).toEqual({ run, effect: `${run}:tag:1`, step: 'tag', how: 'told' })
  })

  it('is refused by way of a segment that the effect let somebody enter', async () => {
    await w.audience('segment', 'pro', { rule: { property: 'contact.plan', op: 'eq', value: 'pro' } })
    const id = await w.playbook('welcome', {
      trigger: { type: 'trigger.segment', input: { segment: 'pro', edge: 'entered' } },
    })
    const run = await startedBy({ type: 'identify', userId: 'eve', traits: { plan: 'pro' } })
    await w.send({ type: 'identify', userId: 'eve', traits: { plan: 'free' } })
    await w.sendBecause(await wrote(run), { type: 'identify', userId: 'eve', traits: { plan: 'pro' } })
    expect(await w.dispatch()).toEqual([])
    expect((await answersOf(id)).at(-1)).toMatchObject({
      code: 'LOOP',
      reason: expect.stringContaining(
        '→ a call that describes them → the segment “pro” was entered → “welcome” again',
      ) as string,
    })
  })

  it('starts for what else the contact does, and for others', async () => {
    const id = await playbook('else', 'Plan Changed')
    const run = await startedBy(track('Plan Changed'))
    const cause = await wrote(run)
    await w.sendBecause(cause, track('Plan Changed', 'bob'))
    await w.sendBecause({ effect: 'run_of_another_installation:tag:1' }, track('Plan Changed'))
    await w.send(track('Plan Changed'))
    expect(await w.dispatch()).toHaveLength(3)
    expect(await codesOf(id)).toEqual(['STARTED', 'STARTED', 'STARTED', 'STARTED'])
  })

  it('starts for another order where entry goes by it', async () => {
    const key = 'trigger.properties.order'
    const id = await playbook('orders', 'Ordered', { reentry: { policy: 'every', key } })
    const cause = await wrote(await startedBy(track('Ordered', 'ada', { order: 17 })))
    await w.sendBecause(cause, track('Ordered', 'ada', { order: 18 }), track('Ordered', 'ada', { order: 17 }))
    await w.dispatch()
    expect(await codesOf(id)).toEqual(['STARTED', 'STARTED', 'LOOP'])
  })
})

describe('a chain of runs', () => {
  it('is cut where it comes back to its beginning, over another playbook', async () => {
    const first = await playbook('first', 'A')
    await playbook('second', 'B')
    const one = await startedBy(track('A'))
    await w.sendBecause(await wrote(one), track('B'))
    const [two] = await w.dispatch()
    await w.sendBecause(await wrote(two?.runId ?? ''), track('A'))
    expect(await w.dispatch()).toEqual([])
    const [, refused] = await answersOf(first)
    expect(refused?.run_id).toBe(two?.runId)
    expect(refused?.reason).toMatch(
      /of “first” by its step “tag” → the event “B” → run .* of “second” by its step “tag” → the event “A” → “first” again/,
    )
    const row = await w.opened.db
      .selectFrom('runs')
      .select('cause')
      .where('id', '=', two?.runId ?? '')
      .executeTakeFirstOrThrow()
    expect(row.cause).toMatchObject({
      kind: 'event',
      name: 'B',
      chain: [{ run: one, playbook: { name: 'first' }, step: 'tag' }],
    })
    // Whom they were for is nobody's to read in the run of another.
    expect(JSON.stringify(row.cause)).not.toContain('subjectId')
    // The page of a run says what led to it, and what it would have started again.
    const why = (id: string) =>
      whyRun({ db: w.opened.db, workspaceId: w.id, now: w.clock.now, isHidden: () => false }, id)
    expect(await why(two?.runId ?? '')).toMatchObject({
      chain: [{ run: one, playbook: 'first', step: 'tag', led: 'the event “B”' }],
      loops: [{ reason: refused?.reason, playbook: { slug: 'first' } }],
    })
    expect(await why(one)).toMatchObject({ chain: [], loops: [] })
  })

  it('ends after ten runs, though none comes twice', async () => {
    const ids: string[] = []
    for (let n = 0; n <= 10; n += 1) ids.push(await playbook(`n${n}`, `E${n}`))
    let run = await startedBy(track('E0'))
    for (let n = 1; n < 10; n += 1) {
      await w.sendBecause(await wrote(run), track(`E${n}`))
      run = (await w.dispatch())[0]?.runId ?? ''
    }
    expect(await codesOf(ids[9] ?? '')).toEqual(['STARTED'])
    await w.sendBecause(await wrote(run), track('E10'))
    expect(await w.dispatch()).toEqual([])
    expect(await answersOf(ids[10] ?? '')).toMatchObject([
      { code: 'LOOP', reason: expect.stringContaining('last of 11 runs') as string },
    ])
  })

  it('goes by calls too', async () => {
    const id = await playbook('called', 'Called')
    const run = await startedBy(track('Called', 'carl'))
    const [outcome] = await call(id, { run, subjectId: await contactOf('carl') })
    expect(outcome).toMatchObject({
      outcome: 'refused',
      code: 'LOOP',
      reason: expect.stringContaining('→ a call of the playbook → “called” again') as string,
    })
    expect(await call(id, { run, subjectId: await contactOf('ada') })).toMatchObject([{ outcome: 'started' }])
  })
})

function call(
  playbookId: string,
  { run, subjectId }: { run: string; subjectId: string },
): Promise<EnrollmentOutcome[]> {
  const candidate = {
    playbook: {
      id: playbookId,
      version: 1,
      planHash: 'plan',
      subject: 'contact' as const,
      enrollment: { reentry: { policy: 'every' as const } },
    },
    step: 'start',
    subjectId,
    occurrence: occurrence.key(randomUUID()),
    data: {},
    cause: { kind: 'call', origin: { run, effect: `${run}:call:1`, step: 'call', how: 'call' } },
    eventSeq: null,
    edgeId: null,
    refusal: null,
    why: null,
  }
  return inTransaction(w.opened.pool, (q) => enroll(q, w.id, { candidates: [candidate], now: w.clock.now }))
}

describe('news of what we wrote ourselves', () => {
  const topic = 'contact.user.tag.created'
  const news = (tag: string, at = w.clock.now): Json => ({
    ...(track(`intercom.${topic}`, 'ian', {
      type: 'contact_tag',
      tag: { name: tag },
      contact: { id: '66f0' },
    }) as object),
    timestamp: new Date(at).toISOString(),
  })
  const tagged = async (run: string, at?: number) =>
    wrote(run, {
      action: 'intercom.tagContact@1',
      input: { contact: await contactOf('ian'), tag: 'Upsold' },
      output: { contactId: '66f0', tagId: '7', tag: 'Upsold' },
      ...(at === undefined ? {} : { at }),
    })

  it('starts nothing again; other news of that minute, and the same at another time, do', async () => {
    const id = await playbook('tagger', `intercom.${topic}`)
    const run = await startedBy(news('Lead'))
    await tagged(run)
    await w.sendBecause({ connection: intercom }, news('Upsold', w.clock.now + 1500))
    expect(await w.dispatch()).toEqual([])
    const [, refused] = await answersOf(id)
    expect(refused).toMatchObject({
      code: 'LOOP',
      run_id: run,
      reason: expect.stringContaining('→ news of it, the event “intercom.contact') as string,
    })
    await w.sendBecause({ connection: intercom }, news('By hand'))
    await w.sendBecause({ connection: randomUUID() }, news('Upsold'))
    await w.sendBecause({ connection: intercom }, news('Upsold', w.clock.now + 3_600_000))
    await w.dispatch()
    expect((await codesOf(id)).slice(2)).toEqual(['STARTED', 'STARTED', 'STARTED'])
  })
})
