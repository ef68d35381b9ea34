import { readFileSync } from 'node:fs'
import { join as pathOf } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../nodes/manifest.ts'
import { compiled } from '../../test/helpers/flow-drawing.ts'
import { manifest } from '../../test/helpers/manifest.ts'
import { factsAt } from '../../test/helpers/plans.ts'
import type { DocumentStep, Enrollment } from '../model/playbook.ts'
import type { Facts, Rule } from '../model/rule.ts'
import type { Advanced, OperatorCommand, RunInput, RunState } from '../model/run.ts'
import { advance } from './advance.ts'

/**
 * The twenty control-flow patterns of van der Aalst, ter Hofstede, Kiepuszewski and Barros (“Workflow Patterns”,
 * Distributed and Parallel Databases 14, 2003), each drawn as a playbook, compiled and run. docs/patterns.md is the table.
 */

const T0 = Date.parse('2026-03-02T09:00:00Z')
const DAY = 86_400_000

type Fields = { [name: string]: Json }
const step = (id: string, type: string, input: Fields = {}): DocumentStep => ({ id, type, input })
const act = (id: string): DocumentStep => ({
  ...step(id, 'slack.postMessage', { channel: '#sales', text: id }),
  connection: 'slack',
})
const acts = (...ids: string[]): DocumentStep[] => ids.map(act)
const branch = (id: string, port: string, rule: Rule): DocumentStep =>
  step(id, 'flow.branch', { cases: [{ port, if: rule as unknown as Json }] })
const all = (id: string): DocumentStep => step(id, 'flow.join', { wait: 'all' })
const any = (id: string): DocumentStep => step(id, 'flow.join', { wait: 'any' })
const hears = (id: string, event: string): DocumentStep => step(id, 'flow.waitForEvent', { event, maxWait: 'P7D' })
const delay = (id: string): DocumentStep => step(id, 'flow.delay', { mode: 'for', for: 'P1D' })

interface Drawing {
  steps: DocumentStep[]
  /** `a > b > c.port > d`: edges from each to the next. */
  edges: string[]
  goal?: Enrollment['goal']
}

const drawn = ({ steps, edges, goal = null }: Drawing) =>
  compiled(
    [
      steps,
      edges.flatMap((path) => {
        const ends = path.split(' > ')
        return ends.slice(1).map((to, i): [string, string] => [ends[i] ?? '', to.split('.')[0] ?? ''])
      }),
    ],
    { goal },
  )

function begin(drawing: Drawing, given: { contact?: Fields; properties?: Fields } = {}) {
  const made = drawn(drawing)
  if (!made.ok) throw new Error(JSON.stringify(made.problems, null, 1))
  const { plan } = made
  let at = T0
  let facts: Facts = factsAt(T0, { contact: given.contact ?? {} })
  let state: RunState | null = null
  const order: string[] = []
  const feed = (input: RunInput): Advanced => {
    const next = advance(plan, state, input)
    state = next.state
    for (const command of next.commands) if (command.kind === 'act') order.push(command.step)
    return next
  }
  const { properties = {} } = given
  feed({ kind: 'start', at, trigger: { step: 'start', data: { name: 'Order Placed', properties } }, facts })
  const now = (): RunState => {
    if (state === null) throw new Error('It has not begun.')
    return state
  }
  return {
    /** Every action that was begun, in order. */
    order,
    /** Actions under way. */
    acting: () => now().open.filter((id) => now().steps[id]?.status === 'acting'),
    status: (id: string) => now().steps[id]?.status ?? 'pending',
    /** How the run ended; null while it goes on. */
    end: () => (now().open.length === 0 ? [now().status, now().reason] : null),
    done: (...ids: string[]) => {
      for (const id of ids)
        feed({ kind: 'outcome', at: ++at, step: id, visit: 1, outcome: { kind: 'done', output: {} } })
    },
    due: (id: string, ms: number) => {
      at += ms
      feed({ kind: 'due', at, step: id, visit: 1, facts: { ...facts, at } })
    },
    event: (id: string, name: string, brought: Fields = {}) =>
      feed({ kind: 'event', at: ++at, step: id, visit: 1, event: { id: name, name, at, properties: brought }, facts }),
    become: (contact: Fields) => {
      facts = factsAt(++at, { contact })
      feed({ kind: 'look', at, facts })
    },
    operate: (command: OperatorCommand) => feed({ kind: 'operator', at: ++at, id: `o${at}`, command }),
  }
}

const shown: Array<[number: number, name: string, expressible: 'yes' | 'no']> = []
function expressible(number: number, name: string, tests: () => void): void {
  shown.push([number, name, 'yes'])
  describe(`${number} ${name}`, tests)
}
function refused(number: number, name: string, tests: () => void): void {
  shown.push([number, name, 'no'])
  describe(`${number} ${name}, which is refused`, tests)
}

const isPro: Rule = { property: 'contact.plan', op: 'eq', value: 'pro' }
const isBig: Rule = { property: 'contact.seats', op: 'gte', value: 100 }

expressible(1, 'Sequence', () => {
  it('begins a step when the one before it is done', () => {
    const run = begin({ steps: acts('a', 'b', 'c'), edges: ['start > a > b > c'] })
    expect(run.acting()).toEqual(['a'])
    run.done('a')
    expect(run.acting()).toEqual(['b'])
    run.done('b', 'c')
    expect(run.order).toEqual(['a', 'b', 'c'])
    expect(run.end()).toEqual(['completed', null])
  })
})

expressible(2, 'Parallel Split', () => {
  it('begins all that follow one step at once', () => {
    const run = begin({ steps: acts('a', 'b', 'c'), edges: ['start > a', 'a > b', 'a > c'] })
    run.done('a')
    expect(run.acting()).toEqual(['b', 'c'])
  })
})

const fork = { steps: [...acts('a', 'b', 'c'), all('both')], edges: ['start > a > both > c', 'start > b > both'] }
expressible(3, 'Synchronization', () => {
  it.each([
    ['a', 'b'],
    ['b', 'a'],
  ])('goes on when the last path has arrived, %s before %s', (first, second) => {
    const run = begin(fork)
    run.done(first)
    expect([run.status('both'), run.order]).toEqual(['pending', ['a', 'b']])
    run.done(second)
    expect(run.acting()).toEqual(['c'])
  })
})

const either = {
  steps: [branch('which', 'pro', isPro), ...acts('a', 'b', 'c')],
  edges: ['start > which', 'which.pro > a > c', 'which.else > b > c'],
}
expressible(4, 'Exclusive Choice', () => {
  it.each([
    ['pro', 'a', 'b'],
    ['free', 'b', 'a'],
  ])('takes one path: of plan %s that of %s and never that of %s', (plan, taken, other) => {
    const run = begin(either, { contact: { plan } })
    expect([run.acting(), run.status(other)]).toEqual([[taken], 'skipped'])
  })
})

expressible(5, 'Simple Merge', () => {
  it.each([
    ['pro', 'a'],
    ['free', 'b'],
  ])('leads paths of which one was taken to one step, for %s after %s', (plan, before) => {
    const run = begin(either, { contact: { plan } })
    run.done(before, 'c')
    expect([run.order, run.end()]).toEqual([
      [before, 'c'],
      ['completed', null],
    ])
  })
})

const several = {
  steps: [branch('first', 'pro', isPro), branch('second', 'big', isBig), ...acts('a', 'b', 'c'), all('merge')],
  edges: ['start > first', 'start > second', 'first.pro > a > merge > c', 'second.big > b > merge'],
}
const CHOICES: Array<[Fields, string[]]> = [
  [{ plan: 'pro', seats: 100 }, ['a', 'b']],
  [{ plan: 'pro', seats: 1 }, ['a']],
  [{ plan: 'free', seats: 100 }, ['b']],
  [{ plan: 'free', seats: 1 }, []],
]
expressible(6, 'Multi-Choice', () => {
  it.each(CHOICES)('of %j takes the paths of %j, each by a rule of its own', (contact, taken) => {
    expect(begin(several, { contact }).acting()).toEqual(taken)
  })
})

expressible(7, 'Synchronizing Merge', () => {
  it.each(CHOICES)('of %j waits for the paths that were taken, %j, and for no other', (contact, taken) => {
    const run = begin(several, { contact })
    for (const id of taken) {
      expect(run.status('merge')).toBe('pending')
      run.done(id)
    }
    // A merge to which no path was taken is no place to go on from.
    expect(run.order).toEqual(taken.length === 0 ? [] : [...taken, 'c'])
    expect(run.status('merge')).toBe(taken.length === 0 ? 'skipped' : 'done')
  })
})

refused(8, 'Multi-Merge', () => {
  it('runs a step to which several paths lead once, when all of them have arrived', () => {
    const run = begin({ steps: acts('a', 'b', 'c'), edges: ['start > a > c', 'start > b > c'] })
    run.done('a')
    expect(run.acting()).toEqual(['b'])
    run.done('b', 'c')
    expect([run.order, run.end()]).toEqual([
      ['a', 'b', 'c'],
      ['completed', null],
    ])
  })

  it('has a step drawn on each path in its place', () => {
    const run = begin({ steps: acts('a', 'b', 'c', 'again'), edges: ['start > a > c', 'start > b > again'] })
    run.done('b', 'a')
    expect(run.order).toEqual(['a', 'b', 'again', 'c'])
  })
})

expressible(9, 'Discriminator', () => {
  it('goes on by the first path, once, and leaves the others behind', () => {
    const steps = [...acts('a', 'b', 'after'), delay('slow'), any('first')]
    const run = begin({ steps, edges: ['start > a > first > after', 'start > b > first', 'start > slow > first'] })
    run.done('a')
    expect([run.order, run.status('slow')]).toEqual([['a', 'b', 'after'], 'cancelled'])
    // It had been sent: what comes of it is recorded and starts nothing again.
    run.done('b', 'after')
    expect([run.order, run.end()]).toEqual([
      ['a', 'b', 'after'],
      ['completed', null],
    ])
  })

  it('lets a path go on that also leads elsewhere', () => {
    const steps = [...acts('a', 'b', 'after', 'log'), any('first')]
    const run = begin({ steps, edges: ['start > a > first > after', 'start > b > first', 'b > log'] })
    run.done('a', 'b')
    expect(run.order).toEqual(['a', 'b', 'after', 'log'])
  })
})

refused(10, 'Arbitrary Cycles', () => {
  it('is a problem that names the steps and what to do', () => {
    const made = drawn({ steps: acts('a', 'b', 'c'), edges: ['start > a > b > c', 'b > a'] })
    expect(made.problems).toMatchObject([
      {
        code: 'CYCLE',
        severity: 'error',
        message: 'These steps lead back to themselves: a → b → a.',
        fix: 'Remove one of the edges between them.',
      },
    ])
  })
})

expressible(11, 'Implicit Termination', () => {
  it('ends the run when nothing is left to do, without a last step', () => {
    const run = begin({ steps: [...acts('a', 'b'), delay('wait')], edges: ['start > a', 'start > wait > b'] })
    run.done('a')
    expect(run.end()).toBeNull()
    run.due('wait', DAY)
    expect(run.end()).toBeNull()
    run.done('b')
    expect(run.end()).toEqual(['completed', null])
  })
})

const orders: Fields = { orders: ['x', 'y', 'z'] }
const list = (input: Fields = {}) => step('list', 'flow.forEach', { list: 'trigger.properties.orders', ...input })
expressible(12, 'Multiple Instances Without Synchronization', () => {
  it('works through a list on a path of its own, which the others do not wait for', () => {
    const run = begin(
      {
        steps: [list({ atOnce: 3 }), ...acts('each', 'b', 'c')],
        edges: ['start > list', 'list.item > each', 'start > b > c'],
      },
      { properties: orders },
    ) // prettier-ignore
    expect(run.acting().toSorted()).toEqual(['b', 'list:0/each', 'list:1/each', 'list:2/each'])
    run.done('b', 'c')
    expect(run.status('c')).toBe('done')
    run.done('list:2/each', 'list:0/each')
    expect(run.end()).toBeNull()
    run.done('list:1/each')
    expect(run.end()).toEqual(['completed', null])
  })
})

expressible(13, 'Multiple Instances With a Priori Design Time Knowledge', () => {
  it('has a step drawn as often as it is to run, and a join', () => {
    const run = begin({
      steps: [...acts('one', 'two', 'three', 'after'), all('every')],
      edges: ['start > one > every > after', 'start > two > every', 'start > three > every'],
    })
    expect(run.acting()).toEqual(['one', 'two', 'three'])
    run.done('three', 'one', 'two')
    expect(run.acting()).toEqual(['after'])
  })
})

expressible(14, 'Multiple Instances With a Priori Run Time Knowledge', () => {
  it('runs once for each item of a list that is read when its turn comes, and goes on after the last', () => {
    const drawing = {
      steps: [list({ atOnce: 2 }), ...acts('each', 'after')],
      edges: ['start > list', 'list.item > each', 'list.out > after'],
    } // prettier-ignore
    const run = begin(drawing, { properties: orders })
    expect(run.acting()).toEqual(['list:0/each', 'list:1/each'])
    run.done('list:1/each')
    expect(run.acting()).toEqual(['list:0/each', 'list:2/each'])
    run.done('list:0/each', 'list:2/each')
    expect(run.acting()).toEqual(['after'])
    expect(begin(drawing, { properties: { orders: [] } }).acting()).toEqual(['after'])
  })
})

refused(15, 'Multiple Instances Without a Priori Run Time Knowledge', () => {
  it('works through the list as it was when it began: what joins it later is not in it', () => {
    const run = begin(
      {
        steps: [list({ list: 'contact.tags' }), ...acts('each', 'after')],
        edges: ['start > list', 'list.item > each', 'list.out > after'],
      },
      { contact: { tags: ['x', 'y'] } },
    ) // prettier-ignore
    run.become({ tags: ['x', 'y', 'z'] })
    run.done('list:0/each', 'list:1/each')
    expect(run.order).toEqual(['list:0/each', 'list:1/each', 'after'])
  })
})

expressible(16, 'Deferred Choice', () => {
  const drawing = {
    steps: [
      hears('paid', 'Order Paid'),
      hears('withdrawn', 'Order Withdrawn'),
      any('first'),
      branch('which', 'paid', { property: 'steps.paid.amount', op: 'exists' }),
      ...acts('ship', 'regret'),
    ],
    edges: [
      'start > paid',
      'start > withdrawn',
      'paid.happened > first > which',
      'withdrawn.happened > first',
      'which.paid > ship',
      'which.else > regret',
    ],
  }

  it('is made by what happens first; the other wait is over', () => {
    const paid = begin(drawing)
    paid.event('paid', 'Order Paid', { amount: 5 })
    expect([paid.acting(), paid.status('withdrawn')]).toEqual([['ship'], 'cancelled'])
    paid.event('withdrawn', 'Order Withdrawn')
    expect(paid.order).toEqual(['ship'])
    const withdrawn = begin(drawing)
    withdrawn.event('withdrawn', 'Order Withdrawn')
    expect([withdrawn.acting(), withdrawn.status('paid')]).toEqual([['regret'], 'cancelled'])
  })

  it('or by an event, or that it does not come in time', () => {
    const timed = {
      steps: [hears('paid', 'Order Paid'), ...acts('ship', 'remind')],
      edges: ['start > paid', 'paid.happened > ship', 'paid.timeout > remind'],
    } // prettier-ignore
    const late = begin(timed)
    late.due('paid', 7 * DAY)
    late.event('paid', 'Order Paid')
    expect(late.order).toEqual(['remind'])
    const paid = begin(timed)
    paid.event('paid', 'Order Paid')
    paid.due('paid', 7 * DAY)
    expect(paid.order).toEqual(['ship'])
  })

  it('or by a person, or that nobody answers', () => {
    const ask = step('ask', 'flow.approval', { title: 'A discount?', maxWait: 'P3D' })
    const drawing = {
      steps: [ask, ...acts('grant', 'regret', 'late')],
      edges: ['start > ask', 'ask.approved > grant', 'ask.rejected > regret', 'ask.timeout > late'],
    } // prettier-ignore
    const answered = begin(drawing)
    answered.done('ask')
    expect(answered.acting()).toEqual([])
    answered.operate({ kind: 'answer', step: 'ask', visit: 1, port: 'rejected', output: {}, by: 'ada' })
    answered.operate({ kind: 'answer', step: 'ask', visit: 1, port: 'approved', output: {}, by: 'ben' })
    expect(answered.order).toEqual(['ask', 'regret'])
    const silent = begin(drawing)
    silent.done('ask')
    silent.due('ask', 3 * DAY)
    expect(silent.order).toEqual(['ask', 'late'])
  })
})

refused(17, 'Interleaved Parallel Routing', () => {
  it('begins parallel steps together: nothing keeps them apart but an order that is drawn', () => {
    const parallel = begin(fork)
    expect(parallel.acting()).toEqual(['a', 'b'])
    const ordered = begin({ steps: acts('a', 'b', 'c'), edges: ['start > a > b > c'] })
    expect(ordered.acting()).toEqual(['a'])
  })
})

expressible(18, 'Milestone', () => {
  const drawing = {
    steps: [step('pro', 'flow.waitForRule', { rule: isPro as unknown as Json, maxWait: 'P7D' }), ...acts('a', 'late')],
    edges: ['start > pro', 'pro.met > a', 'pro.timeout > late'],
  }

  it('lets a step begin when the customer has got somewhere, be it before or after its turn came', () => {
    expect(begin(drawing, { contact: { plan: 'pro' } }).acting()).toEqual(['a'])
    const run = begin(drawing, { contact: { plan: 'free' } })
    run.become({ plan: 'team' })
    expect(run.acting()).toEqual([])
    run.become({ plan: 'pro' })
    expect(run.acting()).toEqual(['a'])
  })

  it('and no more when the time for it is over', () => {
    const run = begin(drawing, { contact: { plan: 'free' } })
    run.due('pro', 7 * DAY)
    run.become({ plan: 'pro' })
    expect(run.order).toEqual(['late'])
  })
})

expressible(19, 'Cancel Activity', () => {
  it('by another path that arrives first at a join', () => {
    const steps = [hears('reply', 'Replied'), delay('patience'), any('first'), act('after')]
    const run = begin({ steps, edges: ['start > reply', 'start > patience > first > after', 'reply.happened > first'] })
    run.due('patience', DAY)
    expect([run.status('reply'), run.acting()]).toEqual(['cancelled', ['after']])
  })

  it('by a person, who has the run go on without it', () => {
    const run = begin({ steps: [delay('wait'), act('after')], edges: ['start > wait > after'] })
    run.operate({ kind: 'skip', step: 'wait' })
    expect(run.acting()).toEqual(['after'])
    run.due('wait', DAY)
    expect(run.order).toEqual(['after'])
  })
})

expressible(20, 'Cancel Case', () => {
  const waiting = [delay('wait'), act('after')]
  it('by an exit on any path', () => {
    const steps = [...waiting, act('a'), step('out', 'flow.exit', { reason: 'Already a customer' })]
    const run = begin({ steps, edges: ['start > wait > after', 'start > a > out'] })
    run.done('a')
    expect([run.end(), run.status('wait'), run.order]).toEqual([['exited', 'Already a customer'], 'cancelled', ['a']])
  })

  it('by its goal, and by a person', () => {
    const drawing = { steps: waiting, edges: ['start > wait > after'], goal: { name: 'Upgraded', if: isPro } }
    const met = begin(drawing)
    met.become({ plan: 'pro' })
    expect([met.end(), met.status('wait')]).toEqual([['exited', 'goal: Upgraded'], 'cancelled'])
    const stopped = begin(drawing)
    stopped.operate({ kind: 'cancel', reason: 'Wrong list' })
    stopped.due('wait', DAY)
    expect([stopped.end(), stopped.order]).toEqual([['cancelled', 'Wrong list'], []])
  })
})

describe('docs/patterns.md', () => {
  const text = readFileSync(pathOf(import.meta.dirname, '../../docs/patterns.md'), 'utf8')
  const rows = text.split('\n').flatMap((line) => {
    const [, number = '', name = '', says = '', by = ''] = line.split('|').map((cell) => cell.trim())
    return /^\d+$/.test(number) ? [{ number: Number(number), name, says, by }] : []
  })

  it('says of each pattern once what is shown here', () => {
    expect(shown.map(([number]) => number)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(rows.map(({ number, name, says }) => [number, name, says])).toEqual(shown)
  })

  it('names steps that there are', () => {
    const named = [...text.matchAll(/`(flow\.\w+)`/g)].map(([, type]) => type ?? '')
    const there = new Set(manifest.steps.map(({ type }) => type))
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((type) => !there.has(type))).toEqual([])
  })
})
