import { describe, expect, it } from 'vitest'
import {
  compiled,
  type Drawing,
  list,
  planned,
  post,
  said,
  set,
  type Step,
  wait,
} from '../../test/helpers/flow-drawing.ts'
import type { Json } from '../../nodes/manifest.ts'

describe('a wait for an event', () => {
  const keys = [{ property: 'order_id', path: 'trigger.properties.order_id' }]

  it('compiles to what is heard, matched and when it is given up', () => {
    const { of } = planned(
      [
        wait({ where: [{ property: 'carrier', op: 'eq', value: 'dhl' }], keys, since: 'trigger' }),
        post('tell', 'By {{ steps.wait.carrier }}'),
      ],
      [
        ['start', 'wait'],
        ['wait.happened', 'tell'],
      ],
    )
    expect(of('wait')).toMatchObject({
      op: 'waitEvent',
      event: 'Order Shipped',
      where: [{ property: 'carrier', op: 'eq', value: 'dhl' }],
      keys,
      since: 'trigger',
      maxWaitMs: 7 * 86_400_000,
      keeps: true,
      out: { happened: ['tell'], timeout: [] },
    })
    expect(of('tell')).toMatchObject({ readsSteps: ['wait'] })
  })

  it('loads what its keys read, and hears from its own beginning where nothing else is said', () => {
    const { plan, of } = planned(
      [wait({ keys: [{ property: 'seats', path: 'contact.seats' }] }), post('late', 'Too late')],
      [
        ['start', 'wait'],
        ['wait.timeout', 'late'],
      ],
    )
    expect(plan.reads.properties).toEqual(['contact.seats'])
    expect(of('wait')).toMatchObject({ since: 'entry', keeps: false })
  })

  it('leaves nothing behind its timeout, and may leave nothing where both ports meet', () => {
    const tell = post('tell', 'By {{ steps.wait.carrier }}')
    expect(
      said(
        [wait(), tell],
        [
          ['start', 'wait'],
          ['wait.timeout', 'tell'],
        ],
      ),
    ).toMatchObject([{ severity: 'error', path: 'steps.tell.input.text' }])
    expect(
      said(
        [wait(), tell],
        [
          ['start', 'wait'],
          ['wait.timeout', 'tell'],
          ['wait.happened', 'tell'],
        ],
      ),
    ).toEqual([
      {
        severity: 'warning',
        path: 'steps.tell.input.text',
        message: 'steps.wait.carrier may be missing: "wait" may have been left by another port than "happened".',
        fix: 'Give a fallback (.? and orValue), or lead wait.happened to steps of its own.',
      },
    ])
  })

  it.each<[{ [field: string]: Json }, string, RegExp]>([
    [{ maxWait: '' }, 'input.maxWait', /^Fill in But at most, e\.g\. P7D\.$/],
    [{ where: [{ property: 'carrier', op: 'like', value: 'd' }] }, 'input.where.0.op', /^Choose one of eq, /],
    [{ where: [{ property: '', op: 'eq', value: 'd' }] }, 'input.where.0.property', /^Name a property of the event/],
    [{ keys: [{ property: 'id', path: 'steps.nobody.id' }] }, 'input.keys.0.path', /No step before this one/],
    [{ keys: [{ property: 'id', path: 'vars.order' }] }, 'input.keys.0.path', /^Put a Set variable step before/],
    [{ keys: [{ property: 'id' }] }, 'input.keys.0.path', /order 17/],
    [{ since: 'ever' }, 'input.since', /Left empty: entry/],
  ])('refuses %j at %s', (input, path, fix) => {
    const found = said(
      [wait(input), post('end', 'x')],
      [
        ['start', 'wait'],
        ['wait.happened', 'end'],
      ],
    ) // prettier-ignore
    expect(found).toMatchObject([{ severity: 'error', path: `steps.wait.${path}` }])
    expect(found[0]?.fix).toMatch(fix)
  })
})

describe('a wait for a rule', () => {
  const rule = { event: 'login', count: { op: 'gte', value: 3 }, within: 'P7D' }
  const drawn = (input: { [field: string]: Json }): Drawing => [
    [{ id: 'wait', type: 'flow.waitForRule', input: { maxWait: 'P14D', ...input } }, post('end', 'x')],
    [
      ['start', 'wait'],
      ['wait.met', 'end'],
    ],
  ]

  it('compiles to the rule and when it is given up, and loads what the rule reads', () => {
    const { plan, of } = planned(...drawn({ rule }))
    expect(of('wait')).toMatchObject({ op: 'waitRule', rule, maxWaitMs: 14 * 86_400_000 })
    expect(plan.reads.events).toEqual({ login: 7 * 86_400_000 })
  })

  it('refuses a rule that is not complete, and one over what is not there', () => {
    expect(said(...drawn({}))).toMatchObject([{ path: 'steps.wait.input.rule', fix: 'Fill in Until this is true.' }])
    expect(said(...drawn({ rule: { all: [] } }))).toMatchObject([{ path: 'steps.wait.input.rule.all' }])
    expect(said(...drawn({ rule: { property: 'steps.gone.id', op: 'exists' } }))).toMatchObject([
      { path: 'steps.wait.input.rule' },
    ])
  })
})

describe('a variable', () => {
  const read = (text: string): Step => post('tell', text)

  it('is set by a step that calls nobody, and read by templates and rules after it', () => {
    const { of } = planned(
      [
        set('double', 'seats', '{{ contact.seats * 2 }}'),
        {
          id: 'many',
          type: 'flow.branch',
          input: { cases: [{ port: 'many', if: { property: 'vars.seats', op: 'gt', value: 10 } }] },
        },
        read('{{ vars.seats + 1 }} seats'),
      ],
      [
        ['start', 'double'],
        ['double', 'many'],
        ['many.many', 'tell'],
      ],
    )
    expect(of('double')).toMatchObject({
      op: 'act',
      type: 'flow.setVariable@1',
      connection: null,
      input: { value: '{{ contact.seats * 2 }}' },
      sets: 'seats',
      keeps: false,
    })
  })

  it('has the type of what it is set to, also by way of another', () => {
    const drawn = (text: string): Drawing => [
      [set('a', 'seats', '{{ contact.seats * 2 }}'), set('b', 'more', '{{ vars.seats + 1 }}'), read(text)],
      [
        ['start', 'a'],
        ['a', 'b'],
        ['b', 'tell'],
      ],
    ]
    expect(said(...drawn('{{ string(vars.more - 1) }}'))).toEqual([])
    expect(said(...drawn('{{ vars.more + "x" }}'))).toMatchObject([
      {
        severity: 'error',
        path: 'steps.tell.input.text',
        message: expect.stringContaining('+ between a number and a text is not possible') as string,
      },
    ])
  })

  it('that no step before sets is refused, and one that only some paths set warned of', () => {
    const found = said(
      [read('{{ vars.discount }}'), set('later', 'discount', '5')],
      [
        ['start', 'tell'],
        ['tell', 'later'],
      ],
    )
    expect(found.filter(({ severity }) => severity === 'error')).toEqual([
      {
        severity: 'error',
        path: 'steps.tell.input.text',
        message: 'vars.discount: no step before this one sets "discount".',
        fix: 'Put a Set variable step before this one.',
      },
    ])
    const some = (text: string) =>
      said(
        [
          {
            id: 'who',
            type: 'flow.branch',
            input: { cases: [{ port: 'new', if: { property: 'contact.seats', op: 'exists' } }] },
          },
          set('cut', 'discount', '5 %'),
          read(text),
        ],
        [
          ['start', 'who'],
          ['who.new', 'cut'],
          ['cut', 'tell'],
          ['who.else', 'tell'],
        ],
      )
    expect(some('{{ vars.discount }}')).toEqual([
      {
        severity: 'warning',
        path: 'steps.tell.input.text',
        message: 'vars.discount may be empty: not every path to this step sets "discount".',
        fix: 'Give a fallback: {{ vars.?discount.orValue("…") }}, or set it before the paths part.',
      },
    ])
    expect(some('{{ vars.?discount.orValue("none") }}')).toEqual([])
  })

  it('that is set for several items at once, and read for them, is warned of', () => {
    const drawn = (input: { [field: string]: Json }, text: string): Drawing => [
      [list(input), set('keep', 'sku', '{{ item.sku }}'), post('tell', text)],
      [
        ['start', 'orders'],
        ['orders.item', 'keep'],
        ['keep', 'tell'],
      ],
    ]
    expect(said(...drawn({ atOnce: 3 }, '{{ vars.sku }}'))).toEqual([
      {
        severity: 'warning',
        path: 'steps.keep.input.name',
        message:
          '"sku" is set for several items of "orders" at once: a step for one item may read what was set for another.',
        fix: 'Read the item itself, or let "orders" work on one item at a time.',
      },
    ])
    expect(said(...drawn({}, '{{ vars.sku }}'))).toEqual([])
    expect(said(...drawn({ atOnce: 3 }, '{{ item.sku }}'))).toEqual([])
  })

  it.each<[Json, Json, string]>([
    ['my discount', '5', 'input.name'],
    ['1st', '5', 'input.name'],
    ['discount', '', 'input.value'],
    ['discount', '{{ contact.name * 2 }}', 'input.value'],
  ])('called %j and set to %j is refused', (name, value, path) => {
    const found = said(
      [set('a', String(name), value), post('end', 'x')],
      [
        ['start', 'a'],
        ['a', 'end'],
      ],
    ) // prettier-ignore
    expect(found).toMatchObject([{ severity: 'error', path: `steps.a.${path}` }])
  })
})

describe('a list', () => {
  it('compiles to its items, and says of the steps behind “item” that they run for each', () => {
    const { of } = planned(
      [
        list({ atOnce: 5, onItemFailure: 'continue' }),
        set('name', 'line', '{{ item.sku }}'),
        post('tell', '{{ vars.line }} for {{ item.price }}'),
        post('end', '{{ steps.orders.done }} done'),
      ],
      [
        ['start', 'orders'],
        ['orders.item', 'name'],
        ['name', 'tell'],
        ['orders', 'end'],
      ],
    )
    expect(of('orders')).toMatchObject({
      op: 'each',
      list: 'trigger.properties.orders',
      atOnce: 5,
      onItemFailure: 'continue',
      keeps: true,
      out: { item: ['name'], out: ['end'] },
    })
    expect([of('name')?.within, of('tell')?.within, of('end')?.within]).toEqual(['orders', 'orders', undefined])
  })

  it('within a list has items of its own', () => {
    const { of } = planned(
      [
        list(),
        { id: 'lines', type: 'flow.forEach', input: { list: 'item.lines' } },
        post('tell', '{{ item.sku }}'),
        post('sum', 'x'),
      ],
      [
        ['start', 'orders'],
        ['orders.item', 'lines'],
        ['lines.item', 'tell'],
        ['lines.out', 'sum'],
      ],
    )
    expect([of('lines')?.within, of('tell')?.within, of('sum')?.within]).toEqual(['orders', 'lines', 'orders'])
    expect(of('orders')).toMatchObject({ atOnce: 1, onItemFailure: 'stop' })
  })

  it('is left by an error branch where it is given one, behind which there is why', () => {
    const { of } = planned(
      [{ ...list(), onFailure: 'branch' }, post('each', 'x'), post('sorry', '{{ steps.orders.fault.message }}')],
      [
        ['start', 'orders'],
        ['orders.item', 'each'],
        ['orders.error', 'sorry'],
      ],
    )
    expect(of('orders')).toMatchObject({ onFailure: 'branch', out: { error: ['sorry'] } })
  })

  it('that loses a race takes its items with it, which are no losers of their own', () => {
    const { of } = planned(
      [list(), post('each', 'x'), post('quick', 'y'), { id: 'first', type: 'flow.join', input: { wait: 'any' } }],
      [
        ['start', 'orders'],
        ['start', 'quick'],
        ['orders.item', 'each'],
        ['orders.out', 'first'],
        ['quick', 'first'],
      ],
    )
    expect(of('first')).toMatchObject({ losers: ['orders', 'quick'] })
  })

  it('refuses edges that lead out of its items, or into them, naming both', () => {
    const out = said(
      [list(), post('each', 'x'), post('end', 'y')],
      [
        ['start', 'orders'],
        ['orders.item', 'each'],
        ['each', 'end'],
        ['orders.out', 'end'],
      ],
    )
    expect(out).toEqual([
      {
        severity: 'error',
        path: 'edges.2',
        message: '"end" follows "each", which runs for each item of "orders", and "orders", which does not.',
        fix: 'Remove one of the two edges: what is done for each item hangs on orders.item alone, what follows all of them on orders.',
      },
    ])
    const into = said(
      [list(), post('before', 'x'), post('each', 'x')],
      [
        ['start', 'before'],
        ['start', 'orders'],
        ['orders.item', 'each'],
        ['before', 'each'],
      ],
    )
    expect(into).toMatchObject([{ path: 'edges.2' }])
  })

  it('refuses items outside of one, its own outcome within it, and what is no list', () => {
    const drawn = (steps: Step[]): Drawing => [
      steps,
      [
        ['start', 'orders'],
        ['orders.item', 'each'],
        ['orders.out', 'end'],
      ],
    ]
    expect(said(...drawn([list(), post('each', 'x'), post('end', '{{ item.sku }}')]))).toMatchObject([
      {
        path: 'steps.end.input.text',
        fix: 'Lead to it from the port “item” of a For each step, or read something else.',
      },
    ])
    expect(said(...drawn([list(), post('each', '{{ steps.orders.done }}'), post('end', 'x')]))).toMatchObject([
      { severity: 'error', path: 'steps.each.input.text' },
    ])
    expect(said(...drawn([list({ list: 'contact.name' }), post('each', 'x'), post('end', 'x')]))).toEqual([
      {
        severity: 'error',
        path: 'steps.orders.input.list',
        message: 'contact.name is a text, not a list.',
        fix: 'Choose a path that leads to a list.',
      },
    ])
    expect(said(...drawn([list({ list: 'contact.tags' }), post('each', 'x'), post('end', 'x')]))).toEqual([])
    expect(said(...drawn([list({ list: 'trigger.name' }), post('each', 'x'), post('end', 'x')]))).toMatchObject([
      { path: 'steps.orders.input.list', message: 'trigger.name is a text, not a list.' },
    ])
  })

  it('may end with a wait or a variable for each item, which is nothing to warn of', () => {
    expect(
      said(
        [list(), set('last', 'last', '{{ item.sku }}'), post('end', 'x')],
        [
          ['start', 'orders'],
          ['orders.item', 'last'],
          ['orders.out', 'end'],
        ],
      ),
    ).toEqual([])
  })

  it('warns of one that does nothing for its items', () => {
    expect(
      said(
        [list(), post('end', 'x')],
        [
          ['start', 'orders'],
          ['orders.out', 'end'],
        ],
      ),
    ).toMatchObject([{ severity: 'warning', path: 'steps.orders.ports.item' }]) // prettier-ignore
  })
})

describe('a plan', () => {
  it('watches its exits and its goal while it waits, where it has any', () => {
    const drawn: Drawing = [[post('end', 'x')], [['start', 'end']]]
    const made = (enrollment: Parameters<typeof compiled>[1]) => {
      const found = compiled(drawn, enrollment)
      return found.ok ? found.plan.watches : found.problems
    }
    const rule = { name: 'Left', if: { property: 'contact.seats', op: 'eq', value: 0 } } as const
    expect([made({}), made({ exit: [rule] }), made({ goal: rule })]).toEqual([undefined, true, true])
  })
})
