import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { catalog } from './catalog.ts'
import { defineAction, defineConnector, defineTrigger } from './define.ts'
import { fields } from './fields.ts'
import { findStep, portsOf } from './manifest.ts'
import { toManifest } from './to-manifest.ts'

const manifest = toManifest(catalog)
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true })
addFormats.default(ajv)

describe('the catalog as a manifest', () => {
  it('names every step of the product', () => {
    expect(manifest.steps.map((step) => step.type)).toEqual(
      expect.arrayContaining([
        'trigger.event',
        'trigger.signal',
        'trigger.segment',
        'trigger.webhook',
        'trigger.schedule',
        'trigger.manual',
        'flow.branch',
        'flow.delay',
        'flow.join',
        'flow.exit',
        'intercom.tagContact',
        'intercom.untagContact',
        'intercom.trackEvent',
        'intercom.updateContact',
        'salesforce.createOpportunity',
        'salesforce.upsertRecord',
        'salesforce.createTask',
        'http.request',
        'http.repeatableRequest',
        'slack.postMessage',
        'email.send',
      ]),
    )
  })

  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(manifest))).toEqual(manifest)
  })

  describe.each(manifest.steps)('$type', (step) => {
    it('has words, and a label and a widget on every field', () => {
      for (const word of [step.label, step.help, step.group, step.icon, step.summary]) expect(word).not.toBe('')
      expect(step.help).toMatch(/\.$/)
      for (const field of step.fields) {
        expect(field.label, field.name).toMatch(/^[A-Z]/)
        expect(field.widget, field.name).not.toBe('')
      }
    })

    it('names only fields it has, in its summary, its ports and its conditions', () => {
      const names = step.fields.map((field) => field.name)
      const named = [...step.summary.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      const ports = 'each' in step.ports ? [step.ports.each.field] : []
      const conditions = step.fields.flatMap((field) => (field.when ? [field.when.field] : []))
      expect(names).toEqual(expect.arrayContaining([...named, ...ports, ...conditions]))
    })

    it('has JSON Schemas that are valid, and a sample that fits its output', () => {
      for (const field of step.fields) expect(() => ajv.compile(field.schema), field.name).not.toThrow()
      const fits = ajv.compile(step.output)
      expect(fits(step.sample), JSON.stringify(fits.errors)).toBe(true)
    })

    it('offers choices wherever it draws a select', () => {
      for (const field of step.fields)
        if (field.widget === 'select') expect(field.schema.enum, field.name).toBeInstanceOf(Array)
    })

    it('says how a repeat is safe, and why, exactly if it is an action', () => {
      if (step.kind !== 'action') return expect(step.repeat).toBeNull()
      expect(['natural', 'keyed', 'readBack', 'review']).toContain(step.repeat?.mode)
      expect(step.repeat?.why.length).toBeGreaterThan(40)
      // Without one it acts in Signalbox itself.
      if (step.connector !== null)
        expect(manifest.connectors.map((connector) => connector.app)).toContain(step.connector)
    })
  })

  it('marks the credentials of every connector, and draws none of the secrets in the open', () => {
    for (const connector of manifest.connectors)
      for (const field of connector.fields) {
        expect(field.template, `${connector.app} ${field.name}`).toBe(false)
        expect(field.place, `${connector.app} ${field.name}`).toMatch(/^(credentials|settings)$/)
        if (/token|secret|password/i.test(field.name)) {
          expect(field.place, `${connector.app} ${field.name}`).toBe('credentials')
          expect(field.widget, `${connector.app} ${field.name}`).toBe('secret')
        }
      }
  })
})

describe('toManifest', () => {
  const trigger = (more: object = {}) =>
    defineTrigger({
      type: 'trigger.test',
      version: 1,
      label: 'Test',
      help: 'Tests.',
      group: 'Triggers',
      icon: 'zap',
      summary: 'Test',
      input: z.strictObject({
        plain: fields.text('Plain'),
        maybe: fields.text('Maybe').optional(),
        preset: fields.number('Preset', { int: true, min: 1 }).default(3),
        refined: fields.text('Refined').refine((text) => text !== 'no'),
      }),
      output: z.object({}),
      sample: {},
      subjects: ['contact'],
      ports: { fixed: ['out'] },
      ...more,
    })
  const act = (version: number) =>
    defineAction({
      type: 'test.act',
      version,
      label: 'Act',
      help: 'Acts.',
      group: 'Test',
      icon: 'zap',
      summary: 'Act',
      connector: 'test',
      input: z.strictObject({ to: fields.text('To'), fixed: fields.text('Fixed', { template: false }) }),
      output: z.object({}),
      sample: {},
      repeat: { mode: 'natural', why: 'It does nothing.' },
      run: () => Promise.resolve({ output: {} }),
    })
  const connector = defineConnector({
    app: 'test',
    label: 'Test',
    icon: 'zap',
    help: 'Tests.',
    auth: ['none'],
    oauth: null,
    credentials: z.strictObject({}),
    settings: z.strictObject({}),
    budget: null,
    client: () => Promise.resolve(null),
    check: () => Promise.resolve({ identity: 'test', details: {} }),
  })

  it('takes a field with a default or an optional one for not required, and keeps the words of a refined one', () => {
    const [step] = toManifest({ steps: [trigger()], connectors: [] }).steps
    expect(step?.fields.map(({ name, label, required, default: preset }) => [name, label, required, preset])).toEqual([
      ['plain', 'Plain', true, undefined],
      ['maybe', 'Maybe', false, undefined],
      ['preset', 'Preset', false, 3],
      ['refined', 'Refined', true, undefined],
    ])
    expect(step?.fields[2]?.schema).toEqual({ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
  })

  it('lets templates stand in the fields of actions only, unless a field says no', () => {
    const { steps } = toManifest({ steps: [trigger(), act(1)], connectors: [connector] })
    expect(steps[0]?.fields.some((field) => field.template)).toBe(false)
    expect(steps[1]?.fields.map((field) => field.template)).toEqual([true, false])
  })

  it('refuses a field without words, and names it', () => {
    const bare = trigger({ input: z.strictObject({ nameless: z.string() }) })
    expect(() => toManifest({ steps: [bare], connectors: [] })).toThrow(/trigger\.test: the field “nameless”/)
  })

  it('refuses the same version twice, but not two versions', () => {
    const list = (...versions: number[]) => ({ steps: versions.map(act), connectors: [connector] })
    expect(() => toManifest(list(1, 1))).toThrow(/lists test\.act@1 twice/)
    expect(toManifest(list(1, 2)).steps).toHaveLength(2)
  })

  it('refuses an action whose connector is not listed', () => {
    expect(() => toManifest({ steps: [act(1)], connectors: [] })).toThrow(/needs the connector “test”/)
  })

  it('finds the newest version by a bare type, and the named one otherwise', () => {
    const two = toManifest({ steps: [act(2), act(1)], connectors: [connector] })
    expect(findStep(two, 'test.act')?.version).toBe(2)
    expect(findStep(two, 'test.act@1')?.version).toBe(1)
    expect(findStep(two, 'test.act@3')).toBeUndefined()
    expect(findStep(two, 'test.other')).toBeUndefined()
  })

  it('gives an action the one port “out”', () => {
    const [step] = toManifest({ steps: [act(1)], connectors: [connector] }).steps
    expect(step && portsOf(step, {})).toEqual(['out'])
  })
})
