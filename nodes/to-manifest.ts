import { z } from 'zod'
import type { AnyConnectorDefinition, Catalog, StepDefinition } from './define.ts'
import { type FieldMeta, fieldMeta } from './fields.ts'
import type { ConnectorManifest, FieldManifest, Json, JsonSchema, Manifest, StepManifest } from './manifest.ts'

/** Widgets whose value a person types: in actions {{ }} may stand there unless the field says otherwise. */
const TEMPLATED = new Set(['text', 'textarea', 'number', 'contact', 'account', 'keyValue', 'json'])

/**
 * The catalog as JSON: what compiler, editor and docs read instead of code.
 * @throws Error when a definition is incomplete (a field without label, two steps of one type and version).
 */
export function toManifest(catalog: Catalog): Manifest {
  const steps = catalog.steps.map(stepManifest)
  const connectors = catalog.connectors.map(connectorManifest)
  refuseTwins(steps.map((step) => `${step.type}@${step.version}`))
  refuseTwins(connectors.map((connector) => connector.app))
  for (const step of steps)
    if (step.connector !== null && !connectors.some((connector) => connector.app === step.connector))
      throw new Error(`${step.type} needs the connector “${step.connector}”: list it in the catalog.`)
  return { steps, connectors }
}

function stepManifest(step: StepDefinition): StepManifest {
  const { type, version, kind, label, help, group, icon, summary } = step
  const words = { type, version, kind, label, help, group, icon, summary }
  const templates = step.kind === 'action' || (step.kind !== 'trigger' && step.templates === true)
  const fields = fieldsOf(type, step.input, templates)
  if (step.kind === 'action')
    return {
      ...words,
      connector: step.connector,
      fields,
      ports: { fixed: step.answer === undefined ? ['out'] : portsOfAnswer(step.answer) },
      ...(step.answer !== undefined && { answers: step.answer.ports }),
      output: schemaOf(step.output, 'output'),
      sample: asJson(step.sample),
      repeat: { mode: step.repeat.mode, why: step.repeat.why },
      subjects: null,
    }
  const still = { ...words, connector: null, fields, ports: step.ports, repeat: null }
  if (step.kind === 'trigger')
    return { ...still, output: schemaOf(step.output, 'output'), sample: step.sample, subjects: [...step.subjects] }
  const { leaves, mayFail } = step
  return {
    ...still,
    output: leaves
      ? schemaOf(leaves.output, 'output')
      : { type: 'object', properties: {}, additionalProperties: false },
    ...(leaves?.port !== undefined && { outputPort: leaves.port }),
    sample: leaves?.sample ?? {},
    ...(mayFail && { mayFail }),
    subjects: null,
  }
}

const portsOfAnswer = ({ ports, asked }: { ports: string[]; asked: boolean }): string[] => [
  ...ports,
  'timeout',
  ...(asked ? ['asked'] : []),
]

function connectorManifest(connector: AnyConnectorDefinition): ConnectorManifest {
  const { app, label, icon, help, auth, budget } = connector
  const placed = (place: 'credentials' | 'settings') =>
    fieldsOf(`${app} ${place}`, connector[place], false).map((field) => ({ ...field, place }))
  return { app, label, icon, help, auth: [...auth], fields: [...placed('credentials'), ...placed('settings')], budget }
}

function fieldsOf(owner: string, input: z.ZodObject, templates: boolean): FieldManifest[] {
  const whole = schemaOf(input, 'input')
  const required = new Set(Array.isArray(whole.required) ? whole.required : [])
  return Object.entries(input.shape).map(([name, schema]) => {
    const meta = metaOf(schema)
    if (meta === undefined)
      throw new Error(`${owner}: the field “${name}” has no label and widget. Make it with one of \`fields\`.`)
    const { default: preset, ...rest } = schemaOf(schema, 'input')
    return {
      name,
      label: meta.label,
      ...(meta.help !== undefined && { help: meta.help }),
      ...(meta.placeholder !== undefined && { placeholder: meta.placeholder }),
      widget: meta.widget,
      required: required.has(name),
      template: templates && (meta.template ?? TEMPLATED.has(meta.widget)),
      ...(preset !== undefined && { default: preset }),
      schema: rest,
      ...(meta.when !== undefined && { when: meta.when }),
    }
  })
}

/** A field's words, which stand on the innermost schema: `.optional()` and `.default()` wrap it. */
function metaOf(schema: z.core.$ZodType): FieldMeta | undefined {
  const own = fieldMeta.get(schema as z.ZodType)
  if (own !== undefined) return own
  const wrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable
  return wrapped ? metaOf(schema.def.innerType) : undefined
}

function schemaOf(schema: z.core.$ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, override: withoutNoise })
  const json = asJson(rest)
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw new Error('A JSON Schema is an object.')
  return json
}

/** What says nothing new would only make the manifest larger: the pattern of a known format, text as property names. */
function withoutNoise({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
  const names = jsonSchema.propertyNames
  if (typeof names === 'object' && Object.keys(names).length === 1) delete jsonSchema.propertyNames
}

/** Plain JSON of plain data; a round trip also proves that it is. */
const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json

function refuseTwins(names: string[]): void {
  const twin = names.find((name, index) => names.indexOf(name) < index)
  if (twin !== undefined) throw new Error(`The catalog lists ${twin} twice: remove one.`)
}
