import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { type AskedOfPeople, askers } from '../../test/helpers/asks.ts'
import { newId } from '../db/new-id.ts'
import { withoutLinks } from './hide-links.ts'

let api: TestApi
let home: TestWorkspace
let asked: Awaited<ReturnType<typeof askers>>['asked']
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  ;({ asked } = await askers(api, home))
})
afterAll(() => api.close())

/** As the ledger has it: what the step brought, and the message that took it to somebody. */
async function told({ run, link }: AskedOfPeople): Promise<void> {
  const at = new Date(api.clock.now)
  const mail = {
    to: 'ada@example.com',
    text: `Say yes: ${link}. Or ${encodeURIComponent(link)} ${JSON.stringify(link).replaceAll('/', '\\/')}`,
  }
  const effect = (step: string, more: { input: string; output: string | null; status: 'landed' | 'unknown' }) => ({
    workspace_id: home.id,
    run_id: run,
    key: `${run}:${step}:1`,
    step,
    visit: 1,
    action: `test.${step}@1`,
    connection_id: null,
    intended_at: at,
    attempted_at: at,
    ...more,
  })
  await api.database.db
    .insertInto('effects')
    .values([
      effect('ask', { input: '{}', output: JSON.stringify({ link }), status: 'landed' }),
      effect('mail', { input: JSON.stringify(mail), output: JSON.stringify([{ [link]: link }]), status: 'unknown' }),
    ])
    .execute()
}

const read = async (headers: Record<string, string>, url: string): Promise<string> => {
  const answer = await api.server.inject({ url, headers })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.body
}
const bearer = async (scope: 'runs:read' | 'admin') => ({ authorization: `Bearer ${await home.key([scope])}` })

it('shows a link that answers at once to those alone who may answer', async () => {
  const ask = await asked({ who: 'owners' })
  await told(ask)
  const [token = ''] = ask.path.split('/').slice(-1)
  const others = [
    await home.signIn('viewer'),
    await home.signIn('editor'),
    await bearer('runs:read'),
    await bearer('admin'),
  ]
  const owner = await home.signIn('owner')
  const pages = [`/v1/runs/${ask.run}`, `/trpc/runs.get?input=${JSON.stringify({ id: ask.run })}`, '/v1/reviews']
  for (const url of pages) {
    for (const who of others) {
      const body = await read(who, url)
      expect(body).not.toContain(token)
      expect(body).toContain('asks/•••')
    }
    expect(await read(owner, url)).toContain(token)
  }
})

it('hides it in the stream of a run too', async () => {
  const ask = await asked({ who: 'owners' })
  await told(ask)
  const url = await api.server.listen({ host: '127.0.0.1', port: 0 })
  const stop = new AbortController()
  const input = encodeURIComponent(JSON.stringify({ id: ask.run }))
  const headers = await bearer('runs:read')
  const answer = await fetch(`${url}/trpc/runs.watch?input=${input}`, { headers, signal: stop.signal })
  const decoder = new TextDecoder()
  let seen = ''
  for await (const chunk of answer.body ?? []) {
    seen += decoder.decode(chunk, { stream: true })
    if (seen.includes('"timeline"') && seen.endsWith('\n\n')) break
  }
  stop.abort()
  expect(seen).toContain('asks/•••')
  expect(seen).not.toContain(ask.path)
})

it('hides it from whoever passed it on, and shows it to whom it was passed', async () => {
  const owner = await home.signIn('owner')
  const viewer = await home.signIn('viewer')
  const me = (await api.server.inject({ url: '/trpc/session.me', headers: viewer })).json()
  const ask = await asked({ who: 'owners' })
  await told(ask)
  const [token = ''] = ask.path.split('/').slice(-1)
  const passed = await api.server.inject({
    method: 'POST',
    url: `/v1/asks/${ask.ask}/pass-on`,
    headers: owner,
    payload: { to: me.result.data.user.email },
  })
  expect(passed.json().link).toMatch(/\/asks\/[\w-]{32}$/)
  expect(await read(owner, '/v1/reviews')).not.toContain(token)
  expect(await read(viewer, '/v1/reviews')).toContain(token)
})

it('is not in the file of everything about a person', () => {
  const token = 'A_b-'.repeat(8)
  const row = JSON.stringify({ text: `See https://x.example/asks/${token}_ and asks%2F${token}` })
  expect(withoutLinks(row)).toBe('{"text":"See https://x.example/asks/•••_ and asks%2F•••"}')
})

it('leaves addresses alone that lead nowhere', async () => {
  const { run, link, path } = await asked()
  const lost = path.replace(/.{32}$/, newId(api.clock.now).slice(0, 32))
  await told({ run, link: link.replace(path, lost), path: lost, ask: '' })
  expect(await read(await bearer('runs:read'), '/v1/reviews')).toContain(lost)
})
