import { describe, expect, it } from 'vitest'
import { portsOf } from '../manifest.ts'
import { toManifest } from '../to-manifest.ts'
import { branch } from './branch.condition.ts'
import { callPlaybook } from './call-playbook.action.ts'
import { delay } from './delay.flow.ts'
import { exit } from './exit.flow.ts'
import { join } from './join.flow.ts'
import { split } from './split.flow.ts'

const rule = { property: 'account.mrr', op: 'gt', value: 100 }

describe('flow.branch', () => {
  it('has a port for each case and one for the rest', () => {
    const step = toManifest({ steps: [branch], connectors: [] }).steps[0]
    const cases = [
      { port: 'over-100', if: rule },
      { port: 'over-10', if: rule },
    ]
    expect(step && portsOf(step, { cases })).toEqual(['over-100', 'over-10', 'else'])
  })

  it.each([
    [[], 'cases'],
    [[{ port: 'Over 100', if: rule }], 'cases.0.port'],
    [[{ port: 'else', if: rule }], 'cases.0.port'],
    [[{ port: 'a' }], 'cases.0.if'],
    [[{ port: 'a', if: rule, next: 1 }], 'cases.0'],
    [
      [
        { port: 'a', if: rule },
        { port: 'a', if: rule },
      ],
      'cases.1.port',
    ],
  ])('refuses the cases %j at %s', (cases, path) => {
    const issues = branch.input.safeParse({ cases }).error?.issues ?? []
    expect(issues.map((issue) => issue.path.join('.'))).toEqual([path])
  })
})

describe('flow.split', () => {
  const arm = (port: string, percent: number) => ({ port, percent })

  it('has a port for each arm and no other', () => {
    const step = toManifest({ steps: [split], connectors: [] }).steps[0]
    expect(step && portsOf(step, { arms: [arm('a', 90), arm('control', 10)] })).toEqual(['a', 'control'])
  })

  it.each([
    [[arm('a', 33.33), arm('b', 33.33), arm('c', 33.34)]],
    // As floating-point numbers they add up to 99.99999999999999.
    [Array.from({ length: 10 }, (_, n) => arm(`a${n}`, n === 0 ? 9.91 : 10.01))],
    [[arm('a', 0.07), arm('b', 99.93)]],
  ])('takes %j', (arms) => {
    expect(split.input.safeParse({ arms }).error).toBeUndefined()
    expect(split.input.safeParse({ arms, key: 'spring-offer' }).error).toBeUndefined()
  })

  it.each([
    [[arm('a', 100)], 'arms'],
    [[arm('a', 50), arm('b', 49.99)], 'arms'],
    [[arm('a', 100), arm('b', 0)], 'arms.1.percent'],
    [[arm('a', 110), arm('b', -10)], 'arms.1.percent'],
    [[arm('Offer A', 50), arm('b', 50)], 'arms.0.port'],
    [[arm('a', 50), arm('a', 50)], 'arms.1.port'],
    [[{ port: 'a' }, arm('b', 50)], 'arms.0.percent'],
  ])('refuses the arms %j at %s', (arms, path) => {
    const issues = split.input.safeParse({ arms }).error?.issues ?? []
    expect(issues.map((issue) => issue.path.join('.'))).toEqual([path])
  })

  it('names the sum that is not 100, and how to write thirds', () => {
    const said = (arms: unknown) => split.input.safeParse({ arms }).error?.issues[0]?.message
    expect(said([arm('a', 33.3), arm('b', 33.3)])).toBe(
      'The arms add up to 66.6 percent; change them until they add up to 100.',
    )
    expect(said([arm('a', 33.333), arm('b', 66.667)])).toBe('Write at most two decimals, such as 33.33.')
  })
})

describe('flow.delay', () => {
  it.each([
    { mode: 'for', for: 'P3D' },
    { mode: 'for', for: 'P1W2DT3H4M5S' },
    { mode: 'for', for: 'PT90S' },
    { mode: 'untilDate', until: 'contact.renewal_date' },
    { mode: 'untilDate', until: 'account.renewal_date', offset: '-P30D', missing: 'skip', maxWait: 'P90D' },
    { mode: 'untilDate', until: 'contact.renewal_date', zone: 'Europe/Berlin' },
    { mode: 'untilDate', until: 'contact.renewal_date', time: '09:00', zone: 'UTC', zoneFrom: 'contact.timezone' },
    { mode: 'untilTime', time: '00:00', zone: 'Europe/Berlin' },
    { mode: 'untilTime', time: '09:00' },
    { mode: 'untilTime', time: '09:00', zone: 'workspace', zoneFrom: 'contact.timezone' },
    { mode: 'openHours', windows: [{ days: ['mon'], from: '09:00', to: '17:00' }] },
    { mode: 'untilDate', until: 'contact.x', time: '09:00' },
    { mode: 'untilTime', time: '23:59', days: 'workdays', zone: 'America/New_York', zoneFrom: 'account.timezone' },
    { mode: 'openHours', windows: [{ days: ['mon', 'fri'], from: '09:00', to: '17:00' }], zone: 'Europe/Berlin' },
    {
      mode: 'openHours',
      windows: [
        { days: ['sat'], from: '22:00', to: '06:00' },
        { days: ['sun'], from: '00:00', to: '24:00' },
      ],
      pauses: ['2026-12-25', '2028-02-29'],
      zone: 'UTC',
      zoneFrom: 'contact.timezone',
    },
  ])('takes %j', (input) => {
    expect(delay.input.safeParse(input).error).toBeUndefined()
  })

  it.each([
    [{ mode: 'for' }, 'for'],
    [{ mode: 'untilDate' }, 'until'],
    [{ mode: 'for', for: 'P3D', until: 'contact.x' }, 'until'],
    [{ mode: 'untilDate', until: 'contact.x', for: 'P3D' }, 'for'],
    [{ mode: 'for', for: '3 days' }, 'for'],
    [{ mode: 'for', for: 'P' }, 'for'],
    [{ mode: 'for', for: 'P1DT' }, 'for'],
    [{ mode: 'for', for: 'P1M' }, 'for'],
    [{ mode: 'for', for: 'P1Y' }, 'for'],
    [{ mode: 'for', for: '-P1D' }, 'for'],
    [{ mode: 'for', for: 'P99999D' }, 'for'],
    [{ mode: 'untilDate', until: 'renewal_date' }, 'until'],
    [{ mode: 'untilDate', until: 'contact.x', maxWait: '-P1D' }, 'maxWait'],
    [{ mode: 'untilDate', until: 'contact.x', missing: 'wait' }, 'missing'],
    [{ mode: 'untilTime', zone: 'UTC' }, 'time'],
    [{ mode: 'untilTime', time: '9:00', zone: 'UTC' }, 'time'],
    [{ mode: 'untilTime', time: '24:00', zone: 'UTC' }, 'time'],
    [{ mode: 'untilTime', time: '09:00', zone: '+02:00' }, 'zone'],
    [{ mode: 'untilTime', time: '09:00', zone: 'UTC', days: 'holidays' }, 'days'],
    [{ mode: 'untilTime', time: '09:00', zone: 'UTC', maxWait: 'P1D' }, 'maxWait'],
    [{ mode: 'untilDate', until: 'contact.x', zone: 'UTC', days: 'workdays' }, 'days'],
    [{ mode: 'for', for: 'P3D', zone: 'UTC' }, 'zone'],
    [{ mode: 'openHours', zone: 'UTC' }, 'windows'],
    [{ mode: 'openHours', windows: [], zone: 'UTC' }, 'windows'],
    [{ mode: 'openHours', windows: [{ days: [], from: '09:00', to: '17:00' }], zone: 'UTC' }, 'windows'],
    [{ mode: 'openHours', windows: [{ days: ['monday'], from: '09:00', to: '17:00' }], zone: 'UTC' }, 'windows'],
    [{ mode: 'openHours', windows: [{ days: ['mon'], from: '24:00', to: '17:00' }], zone: 'UTC' }, 'windows'],
    [{ mode: 'openHours', windows: [{ days: ['mon'], from: '09:00', to: '09:00' }], zone: 'UTC' }, 'windows'],
    [
      {
        mode: 'openHours',
        windows: [{ days: ['mon'], from: '09:00', to: '17:00' }],
        zone: 'UTC',
        pauses: ['2026-02-30'],
      },
      'pauses',
    ],
    [{ mode: 'for', for: 'P3D', pauses: ['2026-12-25'] }, 'pauses'],
  ])('refuses %j at %s', (input, field) => {
    const issues = delay.input.safeParse(input).error?.issues ?? []
    expect(issues.map((issue) => issue.path[0])).toEqual([field])
  })

  it('tells the form which fields belong to which mode', () => {
    const fields = toManifest({ steps: [delay], connectors: [] }).steps[0]?.fields ?? []
    expect(Object.fromEntries(fields.map((field) => [field.name, field.when]))).toEqual({
      mode: undefined,
      for: { field: 'mode', is: ['for'], required: true },
      until: { field: 'mode', is: ['untilDate'], required: true },
      offset: { field: 'mode', is: ['untilDate'], required: false },
      missing: { field: 'mode', is: ['untilDate'], required: false },
      maxWait: { field: 'mode', is: ['untilDate'], required: false },
      time: { field: 'mode', is: ['untilDate', 'untilTime'], required: false },
      days: { field: 'mode', is: ['untilTime'], required: false },
      windows: { field: 'mode', is: ['openHours'], required: true },
      pauses: { field: 'mode', is: ['openHours'], required: false },
      zone: { field: 'mode', is: ['untilDate', 'untilTime', 'openHours'], required: false },
      zoneFrom: { field: 'mode', is: ['untilDate', 'untilTime', 'openHours'], required: false },
    })
  })
})

describe('flow.join and flow.exit', () => {
  it('joins on all or any, and nothing else', () => {
    expect(join.input.safeParse({ wait: 'all' }).success).toBe(true)
    expect(join.input.safeParse({ wait: 'any' }).success).toBe(true)
    expect(join.input.safeParse({ wait: 'some' }).success).toBe(false)
    expect(join.input.safeParse({}).success).toBe(false)
  })

  it('exits with a reason and leads nowhere', () => {
    expect(exit.input.safeParse({ reason: 'Already a customer' }).success).toBe(true)
    expect(exit.input.safeParse({ reason: '' }).success).toBe(false)
    expect(exit.ports).toEqual({ fixed: [] })
  })
})

describe('flow.callPlaybook', () => {
  it.each([
    [{ playbook: 'offer', wait: 'yes', maxWait: 'P7D', onTimeout: 'end' }, []],
    [{ playbook: 'offer', wait: 'yes', onTimeout: 'leave' }, []],
    // It would never come to it.
    [{ playbook: 'offer', wait: 'yes', onTimeout: 'end' }, ['maxWait']],
  ])('takes %j but for %j', (input, refused) => {
    const issues = callPlaybook.input.safeParse(input).error?.issues ?? []
    expect(issues.map(({ path }) => path.join('.'))).toEqual(refused)
  })
})
