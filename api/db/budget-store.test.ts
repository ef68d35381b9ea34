import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts'
import { createBudgets } from './budget-store.ts'
import { type OpenedDatabase, openDatabase } from './database.ts'
import { newId } from './new-id.ts'
import { onPool } from './sql.ts'

const AT = Date.parse('2026-01-05T10:00:00Z')
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

async function connection(calls: number | null, perMs: number | null): Promise<string> {
  const at = new Date(AT)
  const workspaceId = newId(AT)
  const id = newId(AT)
  await opened.db.insertInto('workspaces').values({ id: workspaceId, slug: id, name: 'W', created_at: at }).execute()
  await opened.db
    .insertInto('connections')
    .values({
      workspace_id: workspaceId,
      id,
      slug: 'c',
      app: 'intercom',
      name: 'C',
      sealed: Buffer.from(''),
      settings: '{}',
      budget_calls: calls,
      budget_per_ms: perMs,
      created_at: at,
      updated_at: at,
    }) // prettier-ignore
    .execute()
  return id
}

/** Takes one call for each of `count` askers spread over processes; answers the instants at which they may go. */
async function line(id: string, count: number, processes: number): Promise<number[]> {
  const clock = () => AT
  const budgets = Array.from({ length: processes }, () => createBudgets(onPool(opened.pool), clock))
  const instants: number[] = []
  for (let i = 0; i < count; i += 1) {
    const taken = await budgets[i % processes]?.take(id, 1, null)
    if (taken !== undefined) instants.push(taken.granted ? AT : taken.at)
  }
  return instants
}

describe('a budget of 10 calls a second', () => {
  for (const processes of [1, 3])
    it(`gives ${processes} process(es) a short burst and then a place each tenth of a second`, async () => {
      const instants = await line(await connection(10, 1000), 60, processes)
      for (let from = AT; from < AT + 6000; from += 100) {
        const within = instants.filter((at) => at >= from && at < from + 1000).length
        expect(within).toBeLessThanOrEqual(from === AT ? 21 : 20)
      }
      expect(instants.filter((at) => at === AT).length).toBeGreaterThanOrEqual(6)
      expect(Math.max(...instants) - AT).toBeLessThanOrEqual(5400)
      expect(Math.max(...instants) - AT).toBeGreaterThanOrEqual(5200)
    })

  it('lets who waited go before a newcomer, and a late one use what was left over', async () => {
    const id = await connection(10, 1000)
    let now = AT
    const budgets = createBudgets(onPool(opened.pool), () => now)
    for (let i = 0; i < 11; i += 1) await budgets.take(id, 1, null)
    const first = await budgets.take(id, 1, null)
    const second = await budgets.take(id, 1, null)
    if (first.granted || second.granted) throw new Error('The limit was passed.')
    now = first.at
    expect((await budgets.take(id, 1, null)).granted).toBe(false)
    expect(await budgets.take(id, 1, first.at)).toEqual({ granted: true })
    now = second.at + 800
    expect(await budgets.take(id, 1, second.at)).toEqual({ granted: true })
  })

  it('lets those after pay for calls that were needed beyond those asked for', async () => {
    const id = await connection(10, 1000)
    const budgets = createBudgets(onPool(opened.pool), () => AT)
    for (let i = 0; i < 10; i += 1) await budgets.take(id, 1, null)
    await budgets.settle(id, 5)
    const refused = await budgets.take(id, 1, null)
    if (refused.granted) throw new Error('The limit was passed.')
    expect(refused.at - AT).toBeGreaterThanOrEqual(500)
    // Paid although nobody was granted anything: who comes back from the line waits no less.
    expect(await budgets.take(id, 1, AT)).toEqual({ granted: false, at: refused.at })
  })

  it('gives back calls that were drawn and not made', async () => {
    const id = await connection(10, 1000)
    let now = AT
    const budgets = createBudgets(onPool(opened.pool), () => now)
    for (let i = 0; i < 6; i += 1) await budgets.take(id, 1, null)
    await budgets.settle(id, -5)
    now = AT + 100
    for (let i = 0; i < 5; i += 1) expect(await budgets.take(id, 1, null)).toEqual({ granted: true })
  })

  it('spreads those who find no room at their place, behind one another', async () => {
    const id = await connection(10, 1000)
    const budgets = createBudgets(onPool(opened.pool), () => AT)
    for (let i = 0; i < 7; i += 1) await budgets.take(id, 1, null)
    const again = [await budgets.take(id, 1, AT), await budgets.take(id, 1, AT), await budgets.take(id, 1, AT)]
    const places = again.flatMap((taken) => (taken.granted ? [] : [taken.at - AT]))
    expect(places).toEqual([100, 200, 300])
  })

  it('draws nothing before the instant a vendor named', async () => {
    const id = await connection(10, 1000)
    const budgets = createBudgets(onPool(opened.pool), () => AT)
    await budgets.backOff(id, AT + 7000)
    expect(await budgets.take(id, 1, null)).toEqual({ granted: false, at: AT + 7000 })
  })
})

it('a connection without a limit is never asked to wait', async () => {
  const instants = await line(await connection(null, null), 500, 2)
  expect(new Set(instants)).toEqual(new Set([AT]))
})
