import { describe, expect, it } from 'vitest'
import type { Concurrency, Reentry } from '../model/playbook.ts'
import { entryKeyOf, isHeldOut, mayEnter } from './may-enter.ts'

const T0 = 1_700_000_000_000
const DAY = 86_400_000
const every: Reentry = { policy: 'every' }
const monthly: Reentry = { policy: 'once_per', days: 30 }
const over = (last: number) => ({ last, open: false })
const open = (last: number, waiting = 0) => ({ last, open: true, waiting })

describe('how often one may enter', () => {
  it.each([
    [every, { last: T0 - 1, open: true }, { ok: true }],
    [{ policy: 'once' as const }, null, { ok: true }],
    [{ policy: 'once' as const }, over(T0 - 999 * DAY), { ok: false, code: 'ALREADY_ENROLLED', again: null }],
    [monthly, over(T0 - 30 * DAY), { ok: true }],
    [monthly, over(T0 - 30 * DAY + 1), { ok: false, code: 'REENTRY_TOO_SOON', again: T0 + 1 }],
    // Its run of last quarter is not over yet.
    [monthly, { last: T0 - 90 * DAY, open: true }, { ok: false, code: 'ALREADY_ENROLLED', again: null }],
  ])('%j after %j', (reentry, before, answer) => {
    expect(mayEnter({ reentry }, { subjectId: 's', before }, T0)).toEqual({
      ...(answer.ok ? {} : { reason: expect.any(String) }),
      ...answer,
    })
  })

  it('names the key where entry goes by one', () => {
    const reentry: Reentry = { policy: 'once', key: 'trigger.properties.orderId' }
    expect(mayEnter({ reentry }, { subjectId: 's', before: over(T0 - DAY) }, T0)).toMatchObject({
      reason: 'This subject and trigger.properties.orderId has been in; the playbook takes everyone once.',
    })
  })
})

describe('a second entry while a run is open', () => {
  const enter = (concurrency: Concurrency, before: ReturnType<typeof open>, reentry: Reentry = every) =>
    mayEnter({ reentry, concurrency }, { subjectId: 's', before }, T0)

  it.each<[Concurrency, ReturnType<typeof open>, object]>([
    [{ policy: 'together' }, open(T0 - 1, 0), { ok: true }],
    [{ policy: 'replace' }, open(T0 - 1, 0), { ok: true, turn: 'replace' }],
    [{ policy: 'newest' }, open(T0 - 1, 1), { ok: true, turn: 'newest' }],
    [{ policy: 'queue', most: 2 }, open(T0 - 1, 1), { ok: true, turn: 'queue' }],
    [{ policy: 'queue', most: 2 }, open(T0 - 1, 2), { ok: false, code: 'QUEUE_FULL' }],
    [{ policy: 'queue', most: 2 }, { ...over(T0 - 1), waiting: 0 }, { ok: true }],
  ])('%j after %j', (concurrency, before, answer) => {
    const entry = enter(concurrency, before)
    expect(entry).toMatchObject(answer)
    expect('turn' in entry).toBe('turn' in answer)
  })

  it('does not shorten the days between two entries, and is asked after them', () => {
    expect(enter({ policy: 'queue', most: 9 }, open(T0 - 29 * DAY), monthly)).toMatchObject({
      code: 'REENTRY_TOO_SOON',
    })
    expect(enter({ policy: 'queue', most: 9 }, open(T0 - 30 * DAY), monthly)).toEqual({ ok: true, turn: 'queue' })
    expect(enter({ policy: 'replace' }, open(T0 - 99 * DAY), { policy: 'once' })).toMatchObject({
      code: 'ALREADY_ENROLLED',
    })
  })
})

describe('the key of an entry', () => {
  const keyed = (data: Parameters<typeof entryKeyOf>[1], key = 'trigger.properties.orderId') =>
    entryKeyOf({ policy: 'every', key }, data)
  it('is the value at the path, and its type', () => {
    expect(keyed({ properties: { orderId: 17 } })).toEqual({ ok: true, key: '17' })
    expect(keyed({ properties: { orderId: '17' } })).toEqual({ ok: true, key: '"17"' })
    expect(keyed({ data: { lines: [{ sku: 'a' }] } }, 'trigger.data.lines.0.sku')).toEqual({ ok: true, key: '"a"' })
    expect(entryKeyOf(every, { properties: {} })).toEqual({ ok: true, key: null })
  })
  it.each([
    [{}, 'nothing at it'],
    [{ properties: { orderId: null } }, 'nothing at it'],
    [{ properties: { orderId: '' } }, 'nothing at it'],
    [{ properties: { orderId: ['17'] } }, 'no single value'],
    [{ properties: { orderId: 'x'.repeat(300) } }, 'more than 200'],
  ])('is refused with the reason in %j', (data, said) => {
    expect(keyed(data)).toMatchObject({ ok: false, code: 'NO_KEY', reason: expect.stringContaining(said) })
  })
})

describe('the holdout group', () => {
  const ids = Array.from({ length: 10_000 }, (_, n) => `subject-${n}`)
  it('is the same whoever asks, has its share, and only grows with the percent', () => {
    const held = (percent: number) => ids.filter((id) => isHeldOut(id, percent))
    expect(held(0)).toEqual([])
    expect(held(100)).toHaveLength(ids.length)
    expect(held(5).length).toBeGreaterThan(400)
    expect(held(5).length).toBeLessThan(600)
    const ten = new Set(held(10))
    expect(held(5).every((id) => ten.has(id))).toBe(true)
  })
  it('stays out of playbooks that respect it, which is the default', () => {
    const subjectId = ids.find((id) => isHeldOut(id, 5)) ?? ''
    const asked = { subjectId, before: null, holdoutPercent: 5 }
    expect(mayEnter({ reentry: every }, asked, T0)).toMatchObject({ ok: false, code: 'HOLDOUT' })
    expect(mayEnter({ reentry: every, holdout: 'ignore' }, asked, T0)).toEqual({ ok: true })
    expect(mayEnter({ reentry: every }, { ...asked, holdoutPercent: 0 }, T0)).toEqual({ ok: true })
  })
})
