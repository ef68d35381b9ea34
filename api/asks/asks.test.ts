import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { askers } from '../../test/helpers/asks.ts'
import type { Question } from '../../nodes/inside.ts'
import { answerAsk } from './answer-ask.ts'
import { findByToken } from './ask-store.ts'

type Askers = Awaited<ReturnType<typeof askers>>
let api: TestApi
let home: TestWorkspace
let owner: Record<string, string>
let asked: Askers['asked']
let askAgain: Askers['askAgain']
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  owner = await home.signIn()
  ;({ asked, askAgain } = await askers(api, home))
})
afterAll(() => api.close())
beforeEach(() => {
  api.clock.now += 60_000
  api.temporal.commands.length = 0
})

const look = (path: string, method: 'GET' | 'HEAD' = 'GET') => api.server.inject({ method, url: path })
const press = (path: string, fields: Record<string, string>) =>
  api.server.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null' },
    payload: new URLSearchParams(fields).toString(),
  })
const inApp = (headers: Record<string, string>, path: string, payload?: object) =>
  api.server.inject({ method: payload === undefined ? 'GET' : 'POST', url: path, headers, ...(payload && { payload }) })
const answers = () => api.temporal.commands.flatMap(({ command }) => (command.kind === 'answer' ? [command] : []))
const owed = async (run: string) =>
  api.database.db.selectFrom('run_outbox').select('id').where('run_id', '=', run).execute()

describe('the page behind the link', () => {
  it('changes nothing by being looked at, however often and by whom', async () => {
    const { run, path } = await asked()
    for (const method of ['GET', 'HEAD', 'GET'] as const) expect((await look(path, method)).statusCode).toBe(200)
    expect(answers()).toEqual([])
    expect(await owed(run)).toEqual([])
    const { headers, body } = await look(path)
    expect(body).toContain('Give Acme 20 % off?')
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  })

  it('answers once by its button, which gives the run the answer', async () => {
    const { run, ask, path } = await asked()
    const first = await press(path, { decision: 'rejected', name: 'Ada', comment: 'Too much.' })
    expect([first.statusCode, first.body.includes('You rejected it')]).toEqual([200, true])
    const second = await press(path, { decision: 'approved', name: 'Eve' })
    expect([second.statusCode, second.body.includes('answered by Ada')]).toEqual([409, true])
    expect(answers()).toMatchObject([
      { step: 'ask', visit: 1, port: 'rejected', by: 'Ada (by the link)', output: { comment: 'Too much.' } },
    ])
    expect(await owed(run)).toEqual([])
    const kept = await api.database.db.selectFrom('run_commands').select('id').where('run_id', '=', run).execute()
    expect(kept).toEqual([{ id: `ask:${ask}` }])
    const audit = await api.database.db.selectFrom('audit').selectAll().where('target', '=', ask).execute()
    expect(audit.map(({ action, actor }) => [action, actor])).toEqual([['ask.rejected', 'Ada (by the link)']])
  })

  it('takes one of two answers that are sent at the same moment', async () => {
    const { path } = await asked()
    const sent = await Promise.all(
      ['approved', 'rejected', 'approved'].map((decision) => press(path, { decision, name: 'Ada' })),
    )
    expect(sent.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b)).toEqual([200, 409, 409])
    expect(answers()).toHaveLength(1)
  })

  it('keeps the answer for the workers when the run cannot be told now', async () => {
    const { run, path } = await asked()
    const { command } = api.temporal
    api.temporal.command = () => Promise.reject(new Error('Temporal is away.'))
    try {
      expect((await press(path, { decision: 'approved', name: 'Ada' })).statusCode).toBe(200)
    } finally {
      api.temporal.command = command
    }
    expect(await owed(run)).toHaveLength(1)
  })

  it('is over when its time is, and when the run has gone on', async () => {
    const late = await asked()
    api.clock.now += 4 * 24 * 3_600_000
    const expired = await press(late.path, { decision: 'approved', name: 'Ada' })
    expect([expired.statusCode, expired.body.includes('The time to answer is over')]).toEqual([409, true])
    const gone = await asked()
    await api.database.db
      .updateTable('runs')
      .set({ at_steps: ['later'] })
      .where('id', '=', gone.run)
      .execute()
    const passed = await press(gone.path, { decision: 'approved', name: 'Ada' })
    expect([passed.statusCode, passed.body.includes('gone on or ended')]).toEqual([409, true])
    expect(answers()).toEqual([])
  })

  it('says nothing to whoever must sign in first, and takes nothing from them', async () => {
    const { ask, path } = await asked({ byLink: false })
    const { body } = await look(path)
    expect(body).toContain(`/waiting/${ask}`)
    expect(body).not.toContain('Acme')
    expect((await press(path, { decision: 'approved', name: 'Ada' })).statusCode).toBe(409)
    expect(answers()).toEqual([])
  })

  it('shows what is asked as text, whatever it holds', async () => {
    const evil = '<img src=x onerror=alert(1)>"\'</textarea><script>1</script>'
    const fields = [{ name: 'why', label: evil, type: 'choice' as const, required: true, options: [evil, 'b'] }]
    const { path } = await asked({ kind: 'form', title: evil, text: evil, fields })
    const again = await press(path, { name: evil, 'value.why': evil.toUpperCase() })
    for (const { body } of [await look(path), again]) {
      expect(body).not.toMatch(/<img|<script>1|<\/textarea><script/i)
      expect(body).toContain('&lt;img src=x')
    }
  })

  it('tells a link that was made up from none', async () => {
    for (const token of ['nonsense', 'a'.repeat(32), '%00', '..%2f..']) {
      const { statusCode } = await look(`/asks/${token}`)
      expect(statusCode, token).toBe(404)
    }
  })

  it('wants a name and one of the two answers', async () => {
    const { path } = await asked()
    expect((await press(path, { decision: 'approved', name: ' ' })).body).toContain('Write your name.')
    expect((await press(path, { decision: 'yes', name: 'Ada' })).statusCode).toBe(422)
    expect(answers()).toEqual([])
  })

  it('is answered by a button alone, never by the Enter key', async () => {
    const { path } = await asked()
    const [first] = /<button[^>]*>/.exec((await look(path)).body) ?? []
    expect(first).toBe('<button type="submit" disabled hidden>')
  })

  it('is not in the log', async () => {
    const { path } = await asked()
    await look(path)
    expect(api.log.join('\n')).not.toContain(path.split('/').at(-1))
  })
})

describe('a form', () => {
  const fields: Question['fields'] = [
    { name: 'outcome', label: 'Outcome', type: 'choice', required: true, options: ['renews', 'leaves'] },
    { name: 'seats', label: 'Seats', type: 'number', required: false, options: [] },
    { name: 'sure', label: 'Sure?', type: 'yesNo', required: false, options: [] },
    { name: 'on', label: 'On', type: 'date', required: false, options: [] },
  ]

  it('brings the values with their types, from the page as from the app', async () => {
    const byLink = await asked({ kind: 'form', fields })
    const sent = {
      name: 'Ada',
      'value.outcome': 'renews',
      'value.seats': '12.5',
      'value.sure': 'no',
      'value.on': '2026-03-01',
    }
    expect((await press(byLink.path, sent)).statusCode).toBe(200)
    const signedIn = await asked({ kind: 'form', fields })
    const values = { outcome: 'renews', seats: 12.5, sure: false, on: '2026-03-01' }
    expect((await inApp(owner, `/v1/asks/${signedIn.ask}/answer`, { values })).statusCode).toBe(200)
    expect(answers().map(({ port, output }) => [port, output.values])).toEqual([
      ['answered', values],
      ['answered', values],
    ])
  })

  it.each([
    [{}, 'Outcome: is missing.'],
    [{ outcome: 'stays' }, 'Outcome: is none of the options.'],
    [{ outcome: 'renews', seats: '12' }, 'Seats: is no number.'],
    [{ outcome: 'renews', on: '2026-02-30' }, 'On: is no date.'],
    [{ outcome: 'renews', other: 1 }, 'The form has no field “other”.'],
  ])('refuses %j', async (values, message) => {
    const { ask } = await asked({ kind: 'form', fields })
    const answer = await inApp(owner, `/v1/asks/${ask}/answer`, { values })
    expect(answer.json()).toMatchObject({ status: 422, code: 'ANSWER_INVALID', problems: [{ message }] })
    expect(answers()).toEqual([])
  })
})

describe('the list of what waits', () => {
  it('says who may answer, and lets nobody else', async () => {
    const { ask, run } = await asked({ who: 'owners' })
    const viewer = await home.signIn('viewer')
    const editor = await home.signIn('editor')
    for (const headers of [viewer, editor]) {
      expect((await inApp(headers, `/v1/asks/${ask}`)).json()).toMatchObject({ mine: false, status: 'open' })
      const refused = await inApp(headers, `/v1/asks/${ask}/answer`, { decision: 'approved' })
      expect(refused.json()).toMatchObject({ status: 403, code: 'ASK_NOT_YOURS' })
    }
    const key = await home.rest('POST', `/v1/asks/${ask}/answer`, { decision: 'approved' })
    expect(key.json()).toMatchObject({ code: 'PERSON_NEEDED' })
    const done = await inApp(owner, `/v1/asks/${ask}/answer`, { decision: 'approved', comment: 'Fine.' })
    expect(done.json()).toMatchObject({ status: 'answered', answer: 'approved', said: { comment: 'Fine.' } })
    expect((await inApp(viewer, `/v1/runs/${run}/asks`)).json()).toMatchObject({ data: [{ id: ask }] })
    const again = await inApp(owner, `/v1/asks/${ask}/answer`, { decision: 'rejected' })
    expect(again.json()).toMatchObject({ status: 409, code: 'ASK_CLOSED' })
    expect(answers()).toHaveLength(1)
    const open = (await inApp(owner, '/v1/asks')).json<{ data: Array<{ id: string }> }>().data
    expect(open.some(({ id }) => id === ask)).toBe(false)
    const answered = (await inApp(owner, '/v1/asks?state=answered')).json<{ data: Array<{ id: string }> }>().data
    expect(answered.some(({ id }) => id === ask)).toBe(true)
  })

  it('finds what somebody is asked however much is asked of others, page by page', async () => {
    const viewer = await home.signIn('viewer')
    const me = await inApp(viewer, '/trpc/session.me')
    const { email } = me.json<{ result: { data: { user: { email: string } } } }>().result.data.user
    const first = await asked({ people: [email], byLink: false })
    for (let n = 0; n < 4; n += 1) {
      api.clock.now += 1000
      await asked({ who: 'editors' })
    }
    const list = async (headers: Record<string, string>, query: string) =>
      (await inApp(headers, `/v1/asks?${query}`)).json<{
        data: Array<{ id: string; mine: boolean; mayPassOn: boolean; status: string }>
        nextCursor: string | null
      }>()
    const own = await list(viewer, 'mine=true&limit=2')
    expect(own.data).toMatchObject([{ id: first.ask, mine: true, mayPassOn: true }])
    const count = (await inApp(viewer, '/trpc/asks.countMine')).json<{ result: { data: { count: number } } }>()
    expect(count.result.data.count).toBe(1)
    const everybodys = await list(viewer, 'limit=200')
    expect(everybodys.data.filter(({ mayPassOn }) => mayPassOn)).toHaveLength(1)
    const paged: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const part: Awaited<ReturnType<typeof list>> = await list(viewer, `limit=2${cursor && `&cursor=${cursor}`}`)
      paged.push(...part.data.map(({ id }) => id))
      cursor = part.nextCursor
    }
    expect(paged).toEqual(everybodys.data.map(({ id }) => id))
    expect((await list(owner, 'mine=true&limit=200')).data.some(({ id }) => id === first.ask)).toBe(false)
    expect((await list(owner, 'limit=200')).data.find(({ id }) => id === first.ask)).toMatchObject({
      mine: false,
      mayPassOn: true,
    })
    api.clock.now += 4 * 24 * 3_600_000
    expect((await list(viewer, '')).data).toEqual([])
    expect((await list(viewer, 'state=over&mine=true')).data).toMatchObject([{ id: first.ask, status: 'expired' }])
  })

  it('is the workspace’s own', async () => {
    const { ask } = await asked()
    const other = await api.workspace('other')
    const stranger = await other.signIn()
    expect((await inApp(stranger, `/v1/asks/${ask}`)).statusCode).toBe(404)
    expect((await inApp(stranger, `/v1/asks/${ask}/answer`, { decision: 'approved' })).statusCode).toBe(404)
    expect((await inApp(stranger, `/v1/asks/${ask}/pass-on`, { to: 'eve@example.com' })).statusCode).toBe(404)
    expect((await inApp(stranger, '/v1/asks')).json()).toMatchObject({ data: [] })
  })
})

describe('passing on', () => {
  it('asks somebody else alone, and the old link says so', async () => {
    const viewer = await home.signIn('viewer')
    const me = await inApp(viewer, '/trpc/session.me')
    const { email } = me.json<{ result: { data: { user: { email: string } } } }>().result.data.user
    const { ask, path } = await asked()
    const passed = await inApp(owner, `/v1/asks/${ask}/pass-on`, { to: email })
    const { link } = passed.json<{ link: string }>()
    const old = await press(path, { decision: 'approved', name: 'Eve' })
    expect([old.statusCode, old.body.includes(`passed this on to ${email}`)]).toEqual([409, true])
    const mine = await inApp(owner, `/v1/asks/${ask}/answer`, { decision: 'approved' })
    expect(mine.json()).toMatchObject({ code: 'ASK_NOT_YOURS' })
    expect((await look(new URL(link).pathname)).body).toContain('Give Acme 20 % off?')
    const done = await inApp(viewer, `/v1/asks/${ask}/answer`, { decision: 'approved' })
    expect(done.json()).toMatchObject({ answer: 'approved', decidedBy: email })
  })

  it('wins over an answer by the old link that was looked up before', async () => {
    const { ask, path } = await asked()
    const token = path.split('/').at(-1) ?? ''
    const before = await findByToken(api.database.db, token)
    if (before === null) throw new Error('The link leads nowhere.')
    await inApp(owner, `/v1/asks/${ask}/pass-on`, { to: 'grace@example.com' })
    const said = { kind: 'approval', port: 'approved', comment: null } as const
    const late = (by: Parameters<typeof answerAsk>[1]['by']) =>
      answerAsk({ ...api.deps, log: api.server.log, now: api.clock.now }, { ask: before.ask, said, by })
    await expect(late({ name: 'Eve', token })).rejects.toMatchObject({ code: 'ASK_CLOSED' })
    const former = {
      kind: 'user',
      id: 'x',
      email: 'eve@example.com',
      name: 'Eve',
      role: 'owner',
      sessionId: 'x',
    } as const
    await expect(late(former)).rejects.toMatchObject({ code: 'ASK_NOT_YOURS' })
    expect(answers()).toEqual([])
    const other = await asked()
    await expect(late({ name: 'Eve', token: other.path.split('/').at(-1) ?? '' })).rejects.toMatchObject({
      code: 'ASK_CLOSED',
    })
  })

  it('goes to members alone where one must sign in', async () => {
    const { ask } = await asked({ byLink: false })
    const refused = await inApp(owner, `/v1/asks/${ask}/pass-on`, { to: 'stranger@example.com' })
    expect(refused.json()).toMatchObject({ status: 422, code: 'ANSWER_INVALID' })
    const viewer = await home.signIn('viewer')
    const notTheirs = await inApp(viewer, `/v1/asks/${ask}/pass-on`, { to: 'stranger@example.com' })
    expect(notTheirs.json()).toMatchObject({ code: 'ASK_NOT_YOURS' })
  })
})

it('a run is behind while a milestone of it is overdue, wherever it waits', async () => {
  const { run } = await asked()
  const due = new Date(api.clock.now + 1000)
  await api.database.db.updateTable('runs').set({ milestone_due: due }).where('id', '=', run).execute()
  const behind = async () =>
    (await inApp(owner, '/v1/runs?behind=true'))
      .json<{ data: Array<{ id: string; milestoneDue: string }> }>()
      .data.map(({ id, milestoneDue }) => [id, milestoneDue])
  expect(await behind()).toEqual([])
  api.clock.now += 2000
  expect(await behind()).toEqual([[run, due.toISOString()]])
  await api.database.db.updateTable('runs').set({ ended_at: due }).where('id', '=', run).execute()
  expect(await behind()).toEqual([])
})

describe('asking', () => {
  it('asks once for a visit of a step, however often its action runs; each of its links works', async () => {
    const first = await asked()
    const second = await askAgain(first.run, { title: 'Something else?' })
    expect(second.ask).toBe(first.ask)
    expect(second.path).not.toBe(first.path)
    for (const { path } of [first, second]) expect((await look(path)).body).toContain('Give Acme 20 % off?')
  })

  it('refuses to wait for people who could not sign in', async () => {
    await expect(asked({ byLink: false, people: ['stranger@example.com'] })).rejects.toMatchObject({
      fault: { code: 'INVALID_INPUT', message: expect.stringMatching(/stranger@example.com is no member/) },
    })
    await asked({ byLink: true, people: ['stranger@example.com'] })
  })
})
