import { DAY, HOUR } from '../../engine/model/duration.ts'
import type { Facts, Rule } from '../../engine/model/rule.ts'
import type { OwnDatabase } from '../helpers/own-postgres.ts'
import { seeded } from '../helpers/random.ts'
import { referenceHolds } from '../helpers/rules-reference.ts'
import { edgesOf, type Happening, travel } from '../helpers/time-travel.ts'
import { createTestWorkspace } from '../helpers/workspace.ts'

/** Rules whose answer turns at other moments than an absence: periods of a calendar, sums, averages, trends. */
export const FIGURES: Array<{ name: string; rule: Rule; windows: number[] }> = [
  {
    name: 'no order this week (Berlin)',
    rule: { event: 'order', count: { op: 'eq', value: 0 }, within: { calendar: 'week', zone: 'Europe/Berlin' } },
    windows: [],
  },
  {
    name: 'at least 2 orders in the month before (New York)',
    rule: {
      event: 'order',
      count: { op: 'gte', value: 2 },
      within: { calendar: 'month', ago: 1, zone: 'America/New_York' },
    },
    windows: [],
  },
  {
    name: 'sum of 14 days at least 100',
    rule: { aggregate: 'sum', event: 'order', of: 'amount', op: 'gte', value: 100, within: 'P14D' },
    windows: [14],
  },
  {
    name: 'average of 14 days above 50',
    rule: { aggregate: 'average', event: 'order', of: 'amount', op: 'gt', value: 50, within: 'P14D' },
    windows: [14],
  },
  {
    name: 'half as many as in the 10 days before',
    rule: { trend: 'count', event: 'order', op: 'lte', value: -50, within: 'P10D' },
    windows: [10, 20],
  },
]

export interface FigureReport {
  name: string
  contacts: number
  edges: number
  asked: number
  /** What an hourly poll of everyone would have asked. */
  polled: number
  wrong: string[]
}

interface Order {
  at: number
  amount: number
}

const START = Date.parse('2026-03-01T00:00:00Z')

/** Lives through random orders under one rule and compares every edge with the naive evaluator's at every candidate moment. */
export async function figureScenario(
  figure: (typeof FIGURES)[number],
  given: { contacts: number; days: number; seed: number },
  database?: OwnDatabase,
): Promise<FigureReport> {
  const w = await createTestWorkspace(START, database)
  try {
    const audience = await w.audience('signal', 'figure', { rule: figure.rule })
    const until = START + given.days * DAY
    const histories = randomOrders(given)
    const { asked } = await travel(w, { happenings: inOrder(histories), until })
    const edges = await edgesOf(w, audience)
    const wrong: string[] = []
    let count = 0
    for (const [user, orders] of histories) {
      const is = edges.get(user) ?? []
      count += is.length
      const should = bruteForce(figure, orders, until)
      if (JSON.stringify(is) !== JSON.stringify(should))
        wrong.push(`${user}: is ${JSON.stringify(is)}, should be ${JSON.stringify(should)}`)
    }
    return {
      name: figure.name,
      contacts: given.contacts,
      edges: count,
      asked,
      polled: given.contacts * given.days * 24,
      wrong,
    }
  } finally {
    await w.close()
  }
}

function randomOrders({
  contacts,
  days,
  seed,
}: {
  contacts: number
  days: number
  seed: number
}): Map<string, Order[]> {
  const random = seeded(seed)
  const instants = Array.from(
    { length: Math.max(30, Math.ceil(contacts / 40)) },
    () => START + Math.floor(random() * days * DAY),
  )
  return new Map(
    Array.from({ length: contacts }, (_, i): [string, Order[]] => {
      const times = new Set(
        Array.from(
          { length: 1 + Math.floor(random() * 7) },
          () => instants[Math.floor(random() * instants.length)] ?? START,
        ),
      )
      return [
        `u${i}`,
        [...times].toSorted((a, b) => a - b).map((at) => ({ at, amount: Math.round(random() * 1000) / 10 })),
      ]
    }),
  )
}

function* inOrder(histories: Map<string, Order[]>): Iterable<Happening> {
  const all = [...histories].flatMap(([user, orders]) => orders.map((order) => ({ user, ...order })))
  for (const { user, at, amount } of all.toSorted((a, b) => a.at - b.at))
    yield { at, message: { type: 'track', userId: user, event: 'order', properties: { amount } } }
}

/** Asked at every moment at which the answer could turn: events, their leaving a window, and every hour's turn for calendars. */
function bruteForce(
  { rule, windows }: (typeof FIGURES)[number],
  orders: Order[],
  until: number,
): Array<[string, number]> {
  const first = orders[0]?.at ?? until
  const hours: number[] = []
  if (windows.length === 0) for (let at = Math.ceil(first / HOUR) * HOUR; at <= until; at += HOUR) hours.push(at)
  const moments = new Set([...orders.flatMap(({ at }) => [at, ...windows.map((days) => at + days * DAY)]), ...hours])
  const edges: Array<[string, number]> = []
  let holds = false
  for (const at of [...moments].toSorted((a, b) => a - b)) {
    if (at > until) break
    const known = orders.filter((order) => order.at <= at)
    const facts: Facts = {
      at,
      contact: { id: 'c', externalId: 'c', properties: {} },
      account: null,
      segments: [],
      signals: [],
      events: { order: known.map((order) => order.at) },
      eventValues: { order: known.map(({ amount }) => ({ amount })) },
    }
    const now = referenceHolds(rule, facts, at)
    if (now !== holds) edges.push([now ? 'set' : 'cleared', at])
    holds = now
  }
  return edges
}
