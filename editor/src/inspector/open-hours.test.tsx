import { MantineProvider } from '@mantine/core'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { catalog } from '../../../nodes/catalog.ts'
import type { FieldManifest, Json } from '../../../nodes/manifest.ts'
import { toManifest } from '../../../nodes/to-manifest.ts'
import { summaryOf } from '../canvas/step-summary.ts'
import { NO_WORLD } from '../rules/rule-world.ts'
import { Field } from './field.tsx'
import { windowsOf, windowWords, withDays } from './open-hours.ts'

const { steps } = toManifest(catalog)
const definition = (type: string) => {
  const found = steps.find((step) => step.type === type)
  if (found === undefined) throw new Error(`The catalog has lost ${type}.`)
  return found
}
const fieldOf = (type: string, name: string): FieldManifest => {
  const field = definition(type).fields.find((one) => one.name === name)
  if (field === undefined) throw new Error(`${type} has lost ${name}.`)
  return field
}
const draw = (field: FieldManifest, value: Json | undefined, siblings: { [name: string]: Json } = {}): string =>
  renderToStaticMarkup(
    <MantineProvider>
      <Field
        field={field}
        value={value}
        onChange={() => {}}
        error={undefined}
        groups={[]}
        world={NO_WORLD}
        siblings={siblings}
      />
    </MantineProvider>,
  )

const office = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' }

it('says open hours in few words, days that follow each other as a span', () => {
  const words = (days: string[]) => windowsOf([{ ...office, days }]).map(windowWords)
  expect(words(office.days)).toEqual(['Mon–Fri 09:00–17:00'])
  expect(words(['sat', 'mon', 'tue', 'sun'])).toEqual(['Mon, Tue, Sat, Sun 09:00–17:00'])
  const input = { mode: 'openHours', windows: [office], zone: 'Europe/Berlin' }
  expect(summaryOf({ id: 'wait', type: 'flow.delay', input }, definition('flow.delay'), 'UTC')).toBe(
    'Wait Mon–Fri 09:00–17:00, Berlin time',
  )
})

it('keeps days in the order of the week, whichever was chosen first', () => {
  const [window] = windowsOf([{ ...office, days: ['fri'] }])
  expect(window && withDays(window, ['fri', 'mon']).days).toEqual(['mon', 'fri'])
})

it('draws each window, each closed date, each filter and each match of an event', () => {
  const hours = draw(fieldOf('flow.delay', 'windows'), [office, { days: ['sat'], from: '22:00', to: '24:00' }])
  expect(hours.match(/role="group"/g)?.length).toBeGreaterThanOrEqual(2)
  expect(hours).toContain('value="24:00"')
  expect(draw(fieldOf('flow.delay', 'pauses'), ['2026-12-25'])).toContain('value="2026-12-25"')
  const where = draw(fieldOf('flow.waitForEvent', 'where'), [{ property: 'carrier', op: 'eq', value: 'dhl' }])
  expect(where).toContain('value="carrier"')
  const keys = draw(fieldOf('flow.waitForEvent', 'keys'), [{ property: 'id', path: 'trigger.properties.id' }])
  expect(keys).toContain('value="trigger.properties.id"')
  expect(draw(fieldOf('flow.waitForEvent', 'keys'), undefined)).toContain('Match a property')
})

it('says by whose clocks a wait and a schedule go', () => {
  const summary = (type: string, input: { [name: string]: Json }) =>
    summaryOf({ id: 'x', type, input }, definition(type), 'Europe/Berlin')
  const nine = { mode: 'untilTime', time: '09:00' }
  expect(summary('flow.delay', nine)).toBe('Wait 09:00, Berlin time (workspace)')
  expect(summary('flow.delay', { ...nine, zone: 'workspace' })).toBe('Wait 09:00, Berlin time (workspace)')
  expect(summary('flow.delay', { ...nine, zone: 'America/New_York' })).toBe('Wait 09:00, New York time')
  expect(summary('flow.delay', { ...nine, zoneFrom: 'contact.timezone' })).toBe(
    'Wait 09:00, by contact.timezone, else Berlin time (workspace)',
  )
  expect(summary('flow.delay', { mode: 'for', for: 'P3D' })).toBe('Wait 3 days')
  const schedule = { cron: '0 9 * * 1', segment: 'trial' }
  expect(summary('trigger.schedule', schedule)).toBe('At 0 9 * * 1 for trial, Berlin time (workspace)')
  expect(summary('trigger.schedule', { ...schedule, timeZone: 'UTC' })).toBe('At 0 9 * * 1 for trial, UTC')
})

it('offers the zone of the workspace first, and shows it for an empty field', () => {
  expect(draw(fieldOf('flow.delay', 'zone'), undefined, { mode: 'untilTime' })).toContain('That of the workspace (UTC)')
  expect(draw(fieldOf('flow.delay', 'zone'), 'Asia/Tokyo', { mode: 'untilTime' })).toContain('value="Asia/Tokyo"')
})

it('says what the new steps of flow do in a line', () => {
  const summary = (type: string, input: { [name: string]: Json }) =>
    summaryOf({ id: 'x', type, input }, definition(type), 'Europe/Berlin')
  const maxWait = 'P7D'
  expect(summary('flow.waitForEvent', { event: 'Activated', maxWait })).toBe('Wait for Activated, at most 7 days')
  const rule = { property: 'contact.seats', op: 'gt', value: 3 }
  expect(summary('flow.waitForRule', { rule, maxWait })).toMatch(/^Wait until contact\.seats .*3, at most 7 days$/)
  expect(summary('flow.forEach', { list: 'trigger.properties.products' })).toBe(
    'For each of trigger.properties.products',
  )
  expect(summary('flow.setVariable', { name: 'seats', value: '{{ contact.seats * 2 }}' })).toBe(
    'seats = contact.seats * 2',
  )
})
