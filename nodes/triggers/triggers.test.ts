import { describe, expect, it } from 'vitest'
import { event } from './event.trigger.ts'
import { manual } from './manual.trigger.ts'
import { isTimeZone } from '../time-zone.ts'
import { cronProblem, schedule } from './schedule.trigger.ts'
import { segment } from './segment.trigger.ts'
import { signal } from './signal.trigger.ts'
import { webhook } from './webhook.trigger.ts'

describe('triggers', () => {
  it.each([
    [event, { event: 'Trial Started' }],
    [event, { event: 'Order Paid', where: { property: 'trigger.properties.total', op: 'gt', value: 100 } }],
    [signal, { signal: 'expansion-ready', edge: 'set' }],
    [signal, { signal: 'expansion-ready', edge: 'cleared' }],
    [segment, { segment: 'power-users', edge: 'entered' }],
    [webhook, { subjectField: 'user.id', createMissing: true }],
    [webhook, { subjectField: 'items.0.owner' }],
    [schedule, { cron: '0 9 * * 1-5', timeZone: 'Europe/Berlin', segment: 'power-users' }],
    [schedule, { cron: '0 9 * * *', timeZone: 'workspace', segment: 'power-users' }],
    [schedule, { cron: '0 9 * * *', segment: 'power-users' }],
    [manual, {}],
    [manual, { fields: { reason: 'Why it was started' } }],
  ])('$0.type takes $1', (trigger, input) => {
    expect(trigger.input.safeParse(input).error).toBeUndefined()
  })

  it.each([
    [event, {}, 'event'],
    [event, { event: 'A', typo: 1 }, ''],
    [event, { event: 'A', where: 'mrr > 1' }, 'where'],
    [signal, { signal: 'Expansion Ready', edge: 'set' }, 'signal'],
    [signal, { signal: 'expansion-ready', edge: 'entered' }, 'edge'],
    [segment, { segment: 'power-users', edge: 'set' }, 'edge'],
    [webhook, { subjectField: 'user..id' }, 'subjectField'],
    [webhook, { subjectField: '' }, 'subjectField'],
    [webhook, { subjectField: 'user.id', createMissing: 'yes' }, 'createMissing'],
    [schedule, { cron: '0 9 * * 1-5', timeZone: 'Berlin', segment: 'power-users' }, 'timeZone'],
    [schedule, { cron: 'daily', timeZone: 'UTC', segment: 'power-users' }, 'cron'],
    [manual, { fields: { 'not a name': 'x' } }, 'fields'],
  ])('$0.type refuses $1 at “$2”', (trigger, input, field) => {
    const issues = trigger.input.safeParse(input).error?.issues ?? []
    expect(issues).toHaveLength(1)
    expect(issues[0]?.path[0] ?? '').toBe(field)
  })

  it('leaves createMissing off unless it is asked for', () => {
    expect(webhook.input.parse({ subjectField: 'id' })).toEqual({ subjectField: 'id', createMissing: false })
  })
})

describe('cronProblem', () => {
  it.each(['* * * * *', '0 9 * * 1-5', '*/15 8-18 * * MON-FRI', '30 6 1,15 * *', '0 0 29 2 *', '0 12 * JAN,JUL WED'])(
    'takes %s',
    (line) => {
      expect(cronProblem(line)).toBeNull()
    },
  )

  it.each([
    ['0 9 * *', 'five fields'],
    ['0 0 9 * * 1', 'five fields'],
    ['@daily', 'five fields'],
    ['60 9 * * *', 'not a cron line'],
    ['0 24 * * *', 'not a cron line'],
    ['0 9 * * FUN', 'not a cron line'],
    ['0 9 L * *', 'Use numbers'],
    ['0 9 15W * *', 'Use numbers'],
    ['0 9 * * 5L', 'Use numbers'],
    ['0 9 * * 1#2', 'Use numbers'],
    ['0 9 ? * 1', 'Use numbers'],
    ['0 9 1 * 1', 'not both'],
    ['0 9 30 2 *', 'never comes'],
  ])('refuses %s and says why', (line, words) => {
    expect(cronProblem(line)).toContain(words)
  })
})

describe('isTimeZone', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata'])('knows %s', (name) => {
    expect(isTimeZone(name)).toBe(true)
  })

  it.each(['Berlin', 'Europe/Atlantis', 'GMT+2', '+02:00', '', 'CET', '../etc/passwd'])('refuses %s', (name) => {
    expect(isTimeZone(name)).toBe(false)
  })
})
