import { describe, expect, it } from 'vitest'
import type { Json } from '../../nodes/manifest.ts'
import { documentOf } from '../../test/helpers/flow-drawing.ts'
import { manifest } from '../../test/helpers/manifest.ts'
import { compile } from './compile.ts'

const context = { manifest, connections: [], signals: [], segments: [] }

const compiled = (input: { [field: string]: Json }) =>
  compile(
    documentOf([
      [
        { id: 'start', type: 'trigger.manual' },
        { id: 'wait', type: 'flow.delay@1', input },
        { id: 'end', type: 'flow.exit', input: { reason: 'Over' } },
      ],
      [
        ['start', 'wait'],
        ['wait', 'end'],
      ],
    ]),
    context,
  )

describe('a wait compiles', () => {
  const delay = (input: { [field: string]: Json }) => {
    const made = compiled(input)
    if (!made.ok) throw new Error(JSON.stringify(made.problems))
    const step = made.plan.steps.find(({ id }) => id === 'wait')
    return { delay: step?.op === 'delay' ? step.delay : null, reads: made.plan.reads.properties }
  }

  it.each<{ [field: string]: Json }>([{}, { zone: 'workspace' }])(
    'with %j to the zone of the workspace, which it says is read',
    (zone) => {
      expect(delay({ mode: 'untilDate', until: 'contact.renewal', offset: '-P1D', ...zone })).toEqual({
        delay: {
          mode: 'untilDate',
          property: 'contact.renewal',
          offsetMs: -86_400_000,
          missing: 'fail',
          zone: { name: null },
        },
        reads: ['contact.renewal', 'workspace.timeZone'],
      })
      expect(delay({ mode: 'untilTime', time: '09:00', ...zone })).toEqual({
        delay: { mode: 'untilTime', time: '09:00', zone: { name: null } },
        reads: ['workspace.timeZone'],
      })
      expect(delay({ mode: 'untilTime', time: '09:00', zoneFrom: 'contact.timezone', ...zone })).toEqual({
        delay: { mode: 'untilTime', time: '09:00', zone: { property: 'contact.timezone', else: null } },
        reads: ['contact.timezone', 'workspace.timeZone'],
      })
      expect(delay({ mode: 'for', for: 'P1D' }).reads).toEqual([])
    },
  )

  it('to a time of day, in a zone that it says is read', () => {
    const input = { mode: 'untilTime', time: '09:00', zone: 'Europe/Berlin' }
    expect(delay(input).delay).toEqual({ mode: 'untilTime', time: '09:00', zone: { name: 'Europe/Berlin' } })
    expect(delay({ ...input, days: 'workdays', zoneFrom: 'contact.timezone' })).toEqual({
      delay: {
        mode: 'untilTime',
        time: '09:00',
        days: ['mon', 'tue', 'wed', 'thu', 'fri'],
        zone: { property: 'contact.timezone', else: 'Europe/Berlin' },
      },
      reads: ['contact.timezone'],
    })
  })

  it('knows every choice of days', () => {
    const days = context.manifest.steps
      .find(({ type }) => type === 'flow.delay')
      ?.fields.find(({ name }) => name === 'days')?.schema.enum
    const found = (Array.isArray(days) ? days : []).map((one) => {
      const made = delay({ mode: 'untilTime', time: '09:00', zone: 'UTC', days: one }).delay
      return made?.mode === 'untilTime' ? (made.days ?? []).join(' ') : null
    })
    expect(found).toEqual(['mon tue wed thu fri', 'sat sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])
  })

  it('to a time on the day of a date', () => {
    const input = { mode: 'untilDate', until: 'contact.renewal', time: '09:00', zone: 'Europe/Berlin' }
    expect(delay(input).delay).toMatchObject({ time: '09:00', zone: { name: 'Europe/Berlin' } })
  })
})

describe('a wait for open hours', () => {
  const windows = [{ days: ['mon', 'fri'], from: '22:00', to: '06:00' }]

  it('compiles to its windows, pauses and whose clock they are read by', () => {
    const made = compiled({
      mode: 'openHours',
      windows,
      pauses: ['2026-12-25'],
      zone: 'UTC',
      zoneFrom: 'contact.timezone',
    })
    if (!made.ok) throw new Error(JSON.stringify(made.problems))
    expect(made.plan.steps.find(({ id }) => id === 'wait')).toMatchObject({
      delay: { mode: 'hours', windows, pauses: ['2026-12-25'], zone: { property: 'contact.timezone', else: 'UTC' } },
    })
    expect(made.plan.reads.properties).toEqual(['contact.timezone'])
  })

  it.each<[{ [field: string]: Json }, string, RegExp]>([
    [{}, 'input.windows', /^Fill in Open/],
    [{ windows, zone: 'Workspace' }, 'input.zone', /“workspace” for that of the workspace/],
    [{ zone: 'UTC', windows: [{ days: ['mon'], from: '09:00', to: '09:00' }] }, 'input.windows.0.to', /00:00 to 24:00/],
    [{ zone: 'UTC', windows, pauses: ['2026-02-30'] }, 'input.pauses.0', /2026-12-25/],
  ])('is refused with %j', (input, path, fix) => {
    const made = compiled({ mode: 'openHours', ...input })
    expect(made.ok).toBe(false)
    expect(made.problems).toMatchObject([{ path: `steps.wait.${path}`, fix: expect.stringMatching(fix) as string }])
  })
})

describe('a wait is refused', () => {
  it.each<[input: { [field: string]: Json }, code: string, field: string, message: RegExp]>([
    [{ mode: 'untilTime', zone: 'UTC' }, 'INPUT_MISSING', 'time', /^At the time is missing/],
    [{ mode: 'untilTime', time: '', zone: 'UTC' }, 'INPUT_INVALID', 'time', /^At the time is empty/],
    [{ mode: 'untilTime', time: '9 am', zone: 'UTC' }, 'INPUT_INVALID', 'time', /does not have the form/],
    [{ mode: 'untilTime', time: '09:00', zone: 'Berlin' }, 'INPUT_INVALID', 'zone', /"Berlin" is no time zone/],
    [{ mode: 'for', for: 'P1D', zone: 'UTC' }, 'INPUT_UNKNOWN', 'zone', /means nothing while mode is "for"/],
  ])('%j', (...row) => {
    const [input, code, field, message] = row
    const made = compiled(input)
    const problems = made.ok ? [] : made.problems
    expect(problems[0]).toMatchObject({ code, field, step: 'wait', message: expect.stringMatching(message) })
    expect(problems[0]?.fix).toMatch(/\S/)
  })
})
