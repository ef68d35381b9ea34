import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NAMES, nows, rules, ZONES } from '../../../test/helpers/random-rules.ts'
import { windowAt } from '../../../engine/model/calendar.ts'
import type { CalendarWindow, Rule, Window } from '../../../engine/model/rule.ts'
import { checkRule } from '../../../engine/rules/check.ts'
import { walkRule } from '../../../engine/rules/reads.ts'
import { conditionOf, kindsFor, leafKind, newCondition } from './conditions.ts'
import {
  addChild,
  asGroup,
  childPath,
  fromGroup,
  joinPath,
  replaceChild,
  rootGroup,
  type RuleWorld,
  withKind,
} from './rule-model.ts'
import { NO_WORLD } from './rule-world.ts'
import { listValue, listWords, type Test, withOp, withValue } from './test-model.ts'
import { windowKind, windowOf, withPeriod, withWindow } from './window-model.ts'

const big: Rule = { property: 'account.mrr', op: 'gt', value: 100 }
const idle: Rule = { event: 'Login', count: { op: 'eq', value: 0 }, within: 'P7D' }
const world: RuleWorld = { ...NO_WORLD, timeZone: 'Europe/Berlin', related: { ...NO_WORLD, subject: 'account' } }

const randomRules = fc
  .tuple(nows, fc.constantFrom('contact' as const, 'account' as const))
  .chain(([now, subject]) => rules({ subject, zones: ZONES, names: NAMES, now }))

/** A rule through everything that the builder draws it by. */
function redrawn(rule: Rule): Rule {
  const group = rootGroup(rule)
  return fromGroup({
    ...group,
    children: group.children.map((child) => (asGroup(child) ? redrawn(child) : leaf(child))),
  })
}

function leaf(rule: Rule): Rule {
  if ('contacts' in rule) return { ...rule, contacts: redrawn(rule.contacts) }
  if ('accounts' in rule) return { ...rule, accounts: redrawn(rule.accounts) }
  const windowed: Rule =
    'within' in rule && rule.within !== undefined ? (withWindow<{ within?: Window }>(rule, rule.within) as Rule) : rule
  return 'op' in windowed && !('aggregate' in windowed) && !('trend' in windowed)
    ? (retested(windowed as Test) as unknown as Rule)
    : windowed
}

const retested = (test: Test): Test => {
  const again = withValue(withOp(test, test.op, { type: 'unknown', zone: 'UTC' }), test.value)
  const { value } = again
  if (!Array.isArray(value)) return again
  return { ...again, value: listValue(listWords(value, 'text'), 'text', value) ?? 'lost' }
}

describe('a rule as groups', () => {
  it('is the same rule after it was drawn, whatever it is', () => {
    fc.assert(
      fc.property(randomRules, (rule) => {
        expect(redrawn(rule)).toEqual(rule)
      }),
      { numRuns: 400 },
    )
  })

  it('shows the negation of one condition as a group of none, and keeps it one', () => {
    expect(asGroup({ not: big })).toMatchObject({ kind: 'none', children: [big] })
    expect(fromGroup(rootGroup({ not: big }))).toEqual({ not: big })
    expect(fromGroup(addChild(rootGroup({ not: big }), idle))).toEqual({ not: { any: [big, idle] } })
  })

  it('puts a lone condition into a group, so that another can be added', () => {
    expect(fromGroup(rootGroup(big))).toEqual(big)
    expect(rootGroup(undefined)).toEqual({ kind: 'all', children: [] })
    expect(fromGroup(addChild(rootGroup(big), idle))).toEqual({ all: [big, idle] })
    expect(fromGroup(withKind(rootGroup(big), 'any'))).toEqual({ any: [big] })
  })

  it('replaces and removes by place', () => {
    const group = rootGroup({ all: [big, idle] })
    expect(replaceChild(group, 1, big).children).toEqual([big, big])
    expect(replaceChild(group, 0, null).children).toEqual([idle])
  })

  it('keeps a negated group a group when it becomes one of alternatives', () => {
    const group = rootGroup({ not: { all: [big, idle] } })
    expect(fromGroup(replaceChild(group, 0, { any: [big, idle] }))).toEqual({ not: { any: [{ any: [big, idle] }] } })
  })

  it('knows where each condition stands, as the check of rules writes it', () => {
    const broken: Rule = { property: '', op: 'eq', value: 1 }
    const places: Array<[Rule, string]> = [
      [{ all: [big, broken] }, 'all.1'],
      [{ not: { any: [big, broken] } }, 'not.any.1'],
      [{ not: broken }, 'not'],
      [broken, ''],
    ]
    for (const [rule, path] of places) {
      const group = rootGroup(rule)
      expect(childPath(group, group.children.length - 1)).toBe(path)
      expect(checkRule(rule).map((issue) => issue.path)).toEqual([joinPath(path, 'property')])
    }
  })
})

describe('conditions', () => {
  it('have a kind each that there is, among those one chooses from', () => {
    fc.assert(
      fc.property(randomRules, (rule) => {
        walkRule(rule, (leafRule) => {
          expect(kindsFor(NO_WORLD, leafRule).map(({ value }) => value)).toContain(leafKind(leafRule))
          expect(conditionOf(leafRule).label).not.toBe('')
        })
      }),
      { numRuns: 200 },
    )
  })

  it('begin as what they are chosen as, and keep the event when their kind changes', () => {
    for (const { value } of kindsFor(world, big)) {
      expect(leafKind(newCondition(value, world))).toBe(value)
      expect(leafKind(newCondition(value, world, idle))).toBe(value)
    }
    expect(newCondition('aggregate', world, idle)).toMatchObject({ event: 'Login', within: 'P7D' })
    expect(newCondition('sequence', world, idle)).toMatchObject({ sequence: [{ event: 'Login' }, { event: '' }] })
  })

  it('about related subjects are offered to who has them, and not inside of each other', () => {
    const labels = (of: RuleWorld) => kindsFor(of, big).map(({ value }) => value)
    expect(labels(world)).toContain('accounts')
    expect(labels(world)).not.toContain('contacts')
    expect(labels({ ...world, subject: 'account' })).toContain('contacts')
    expect(labels({ ...world, related: null })).not.toContain('accounts')
  })
})

describe('windows', () => {
  it('are chosen by kind, a calendar one in the zone of the workspace', () => {
    expect(windowKind(windowOf('ever', 'UTC'))).toBe('ever')
    expect(windowKind(windowOf('rolling', 'UTC'))).toBe('rolling')
    expect(windowOf('calendar', 'Europe/Berlin')).toEqual({ calendar: 'month', zone: 'Europe/Berlin' })
  })

  it('mean the same periods when what stands for itself is left out', () => {
    const written: CalendarWindow = { calendar: 'week', count: 1, ago: 0, zone: 'Europe/Berlin' }
    const now = Date.parse('2026-03-29T01:30:00Z')
    expect(withPeriod(written, {})).toEqual({ calendar: 'week', zone: 'Europe/Berlin' })
    expect(windowAt(withPeriod(written, {}), now)).toEqual(windowAt(written, now))
    expect(withPeriod(written, { count: 3, ago: 1 })).toEqual({ ...written, count: 3, ago: 1 })
  })
})
