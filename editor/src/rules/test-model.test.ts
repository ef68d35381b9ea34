import { describe, expect, it } from 'vitest'
import { PROPERTY_OPS } from '../../../engine/model/rule.ts'
import { OP_WORDS } from '../../../engine/rules/explain.ts'
import { listValue, listWords, opsFor, valueAs, valueKindOf, withOp, withType } from './test-model.ts'

const number = { type: 'number', zone: 'Europe/Berlin' } as const

describe('comparisons', () => {
  it('have words for each there is, and are all offered where the type is not known', () => {
    for (const op of PROPERTY_OPS) {
      expect(OP_WORDS[op]).toBeTruthy()
      expect(opsFor('unknown', 'eq')).toContain(op)
    }
  })

  it('are those that make sense for the type, with one in use that does not', () => {
    expect(opsFor('number', 'eq')).not.toContain('startsWith')
    expect(opsFor('number', 'startsWith')[0]).toBe('startsWith')
    expect(opsFor('boolean', 'eq')).toEqual(['eq', 'ne', 'exists', 'empty'])
    expect(opsFor('text', 'eq', ['eq', 'in'])).toEqual(['eq', 'in'])
  })

  it('ask for the kind of value each takes', () => {
    expect(valueKindOf('exists', 'text')).toBe('none')
    expect(valueKindOf('in', 'number')).toBe('list')
    expect(valueKindOf('eq', 'number')).toBe('number')
    expect(valueKindOf('moreThanAhead', 'date')).toBe('duration')
    expect(valueKindOf('withinPeriod', 'date')).toBe('period')
  })

  it('draw a value by its own type, not by that of the property', () => {
    expect(valueKindOf('eq', 'text', 5)).toBe('number')
    expect(valueKindOf('eq', 'number', '5')).toBe('text')
    expect(valueKindOf('contains', 'list', null)).toBe('json')
    expect(valueKindOf('eq', 'text', '2026-03-01')).toBe('text')
  })

  it('keep a value that still fits and never make one of another type from it', () => {
    const rule = { property: 'account.mrr', op: 'gt', value: 100 } as const
    expect(withOp(rule, 'lte', number)).toEqual({ ...rule, op: 'lte' })
    expect(withOp(rule, 'eq', number)).toEqual({ ...rule, op: 'eq' })
    expect(withOp(rule, 'in', number)).toEqual({ property: 'account.mrr', op: 'in', value: [] })
    expect(withOp(rule, 'exists', number)).toEqual({ property: 'account.mrr', op: 'exists' })
    expect(withOp(rule, 'withinPeriod', number).value).toEqual({ calendar: 'month', zone: 'Europe/Berlin' })
    const named = withType({ ...rule, property: 'contact.name' }, { type: 'text', zone: 'UTC' })
    expect(named).toEqual({ property: 'contact.name', op: 'eq', value: '' })
  })
})

describe('lists and values as they are typed', () => {
  it('are numbers only where all are numbers', () => {
    expect(listValue(['1', '2.5'], 'number')).toEqual([1, 2.5])
    expect(listValue(['1', 'two'], 'number')).toBeNull()
    expect(listValue(['1', 'two'], 'text')).toEqual(['1', 'two'])
  })

  it('are what they read as where the type is not known, text in quotes staying text', () => {
    expect(listValue(['1', '"1"', 'true', 'two'], 'unknown')).toEqual([1, '1', true, 'two'])
    expect(listWords([1, '1', true, 'two'], 'unknown')).toEqual(['1', '"1"', 'true', 'two'])
  })

  it('keep what was there before as it was', () => {
    const before = [1, '1', null, 'x']
    for (const type of ['text', 'number', 'unknown'] as const)
      expect(listValue([...listWords(before, type), '7'], type, before)?.slice(0, 4)).toEqual(before)
  })

  it('become another type only where the words say one', () => {
    expect(valueAs('number', '5')).toBe(5)
    expect(valueAs('number', 'five')).toBeUndefined()
    expect(valueAs('text', 5)).toBe('5')
    expect(valueAs('boolean', 'false')).toBe(false)
  })
})
