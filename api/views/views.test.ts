import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'

let api: TestApi
let w: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  w = await api.workspace('views')
})
afterAll(() => api.close())

const view = (name: string) => ({
  subject: 'contact',
  name,
  definition: {
    filter: { property: 'contact.plan', op: 'eq', value: 'team' },
    columns: [{ id: 'email' }, { id: 'contact.mrr', width: 120 }],
    sort: '-contact.mrr',
  },
})

it('a view is saved, renamed, changed and deleted for everybody in the workspace', async () => {
  const created = await w.rest('POST', '/v1/views', view('Team'))
  expect(created.statusCode).toBe(201)
  const { id } = created.json()
  expect((await w.rest('GET', '/v1/views?subject=contact')).json().data).toMatchObject([view('Team')])
  expect((await w.rest('GET', '/v1/views?subject=account')).json().data).toEqual([])
  await w.rest('PATCH', `/v1/views/${id}`, { name: 'Teams' })
  const changed = { filter: null, columns: [{ id: 'signals' }], sort: 'name' }
  const answer = await w.rest('PATCH', `/v1/views/${id}`, { definition: changed })
  expect(answer.json()).toMatchObject({ id, name: 'Teams', definition: changed })
  const other = await api.workspace('others')
  expect((await other.rest('DELETE', `/v1/views/${id}`)).statusCode).toBe(404)
  expect((await w.rest('DELETE', `/v1/views/${id}`)).statusCode).toBe(200)
  expect((await w.rest('GET', '/v1/views')).json().data).toEqual([])
})

it('a view that could not be shown is refused, and so is a name that is taken', async () => {
  const wrong = { ...view('Wrong'), definition: { filter: null, columns: [{ id: 'height' }], sort: 'name' } }
  expect((await w.rest('POST', '/v1/views', wrong)).json()).toMatchObject({ status: 400, code: 'INPUT_INVALID' })
  await w.rest('POST', '/v1/views', view('One'))
  expect((await w.rest('POST', '/v1/views', view('one'))).json()).toMatchObject({ status: 409, code: 'NAME_TAKEN' })
})

it('a viewer sees views and changes none', async () => {
  const headers = await w.signIn('viewer')
  const list = await api.server.inject({ method: 'GET', url: '/v1/views', headers })
  expect(list.statusCode).toBe(200)
  const created = await api.server.inject({ method: 'POST', url: '/v1/views', headers, payload: view('Mine') })
  expect(created.statusCode).toBe(403)
})
