import { describe, expect, it } from 'vitest'
import { PROPERTY_OPS, type Rule } from '../../../engine/model/rule.ts'
import { OP_WORDS } from '../../../engine/rules/explain.ts'
import {
  addChild,
  asGroup,
  fromGroup,
  kindOf,
  listValue,
  newCondition,
  opsFor,
  replaceChild,
  rootGroup,
  valueKindOf,
  withOp,
  withProperty,
} from './rule-model.ts'

const big: Rule = { property: 'account.mrr', op: 'gt', value: 100 }
const idle: Rule = { event: 'Login', count: { op: 'eq', value: 0 }, within: 'P7D' }

describe('a rule as groups', () => {
  it('reads and writes every kind of group without changing what it means', () => {
    for (const rule of [{ all: [big, idle] }, { any: [big] }, { not: { any: [big, idle] } }] satisfies Rule[]) {
      const group = asGroup(rule)
      expect(group && fromGroup(group)).toEqual(rule)
    }
  })

  it('shows the negation of one condition as a group of none', () => {
    expect(asGroup({ not: big })).toEqual({ kind: 'none', children: [big] })
    expect(asGroup({ not: { all: [big, idle] } })).toEqual({ kind: 'none', children: [{ all: [big, idle] }] })
  })

  it('puts a lone condition into a group, so that another can be added', () => {
    expect(rootGroup(big)).toEqual({ kind: 'all', children: [big] })
    expect(rootGroup(undefined)).toEqual({ kind: 'all', children: [] })
    expect(fromGroup(addChild(rootGroup(big), idle))).toEqual({ all: [big, idle] })
  })

  it('replaces and removes by place', () => {
    const group = rootGroup({ all: [big, idle] })
    expect(replaceChild(group, 1, big).children).toEqual([big, big])
    expect(replaceChild(group, 0, null).children).toEqual([idle])
  })

  it('knows a condition by what it asks about', () => {
    for (const kind of ['property', 'event', 'segment', 'signal'] as const)
      expect(kindOf(newCondition(kind))).toBe(kind)
  })
})

describe('comparisons', () => {
  it('has words for each there is', () => {
    for (const op of PROPERTY_OPS) expect(OP_WORDS[op]).toBeTruthy()
  })

  it('offers what makes sense for the type, and keeps one in use that does not', () => {
    expect(opsFor('number', 'eq')).not.toContain('startsWith')
    expect(opsFor('number', 'startsWith')[0]).toBe('startsWith')
    expect(opsFor('boolean', 'eq')).toEqual(['eq', 'ne', 'exists', 'empty'])
  })

  it('asks for the kind of value each takes', () => {
    expect(valueKindOf('exists', 'text')).toBe('none')
    expect(valueKindOf('in', 'number')).toBe('list')
    expect(valueKindOf('eq', 'number')).toBe('number')
    expect(valueKindOf('withinNext', 'date')).toBe('duration')
  })

  it('keeps a value that still fits and never makes one of another type from it', () => {
    const rule = { property: 'account.mrr', op: 'gt', value: 100 } as const
    expect(withOp(rule, 'lte', 'number')).toEqual({ ...rule, op: 'lte' })
    expect(withOp(rule, 'in', 'number')).toEqual({ property: 'account.mrr', op: 'in', value: [] })
    expect(withOp(rule, 'exists', 'number')).toEqual({ property: 'account.mrr', op: 'exists' })
    expect(withProperty(rule, 'contact.name', 'text')).toEqual({ property: 'contact.name', op: 'eq', value: '' })
  })

  it('takes a list of numbers only where all are numbers', () => {
    expect(listValue(['1', '2.5'], 'number')).toEqual([1, 2.5])
    expect(listValue(['1', 'two'], 'number')).toBeNull()
    expect(listValue(['1', 'two'], 'text')).toEqual(['1', 'two'])
  })
})
