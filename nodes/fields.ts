import { z } from 'zod'
import type { FieldCondition, Widget } from './manifest.ts'

/** What a field adds to its zod schema for the editor; read by `to-manifest.ts`. */
export interface FieldMeta {
  widget: Widget
  label: string
  help?: string
  placeholder?: string
  /** Whether {{ expressions }} may stand in the value. Default: true for text-like widgets of actions. */
  template?: boolean
  /** Draw the field only while another has one of these values; `superRefine` of the input holds the same rule. */
  when?: FieldCondition
}

/**
 * An ISO-8601 duration of weeks, days, hours, minutes and seconds. Months and years are refused: they have no length
 * of their own. The digits are bounded so that no sum leaves the range of dates (at most some 60 years).
 */
export const DURATION_PATTERN = /^P(?=\d|T\d)(\d{1,3}W)?(\d{1,4}D)?(T(?=\d)(\d{1,5}H)?(\d{1,6}M)?(\d{1,7}S)?)?$/
/** The same with an optional minus: three days before is `-P3D`. */
export const OFFSET_PATTERN = new RegExp(DURATION_PATTERN.source.replace('^P', '^-?P'))

/** Names that go into `steps.<id>.…`, port names and slugs. */
export const SLUG_PATTERN = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

/** Widget hints, kept beside the schemas and not in them, so that JSON Schema stays clean. */
export const fieldMeta = z.registry<FieldMeta>()

function field<S extends z.ZodType>(schema: S, words: FieldMeta): S {
  fieldMeta.add(schema, words)
  return schema
}

/** Fields with their widget; `label` is what the form shows. Sizes are those of the strictest vendor that takes them. */
export const fields = {
  text: (label: string, more: Partial<FieldMeta> & { max?: number; pattern?: RegExp } = {}) => {
    const schema = z
      .string()
      .min(1)
      .max(more.max ?? 4000)
    return field(more.pattern ? schema.regex(more.pattern, more.help) : schema, {
      widget: 'text',
      template: true,
      ...meta(more),
      label,
    })
  },
  textarea: (label: string, more: Partial<FieldMeta> & { max?: number } = {}) =>
    field(
      z
        .string()
        .min(1)
        .max(more.max ?? 32_000),
      { widget: 'textarea', template: true, ...meta(more), label },
    ),
  number: (label: string, more: Partial<FieldMeta> & { min?: number; max?: number; int?: boolean } = {}) => {
    let schema = more.int ? z.number().int() : z.number()
    if (more.min !== undefined) schema = schema.min(more.min)
    if (more.max !== undefined) schema = schema.max(more.max)
    return field(schema, { widget: 'number', template: true, ...meta(more), label })
  },
  boolean: (label: string, more: Partial<FieldMeta> = {}) => field(z.boolean(), { widget: 'boolean', ...more, label }),
  select: <const T extends readonly [string, ...string[]]>(label: string, options: T, more: Partial<FieldMeta> = {}) =>
    field(z.enum(options), { widget: 'select', ...more, label }),
  duration: (label: string, more: Partial<FieldMeta> & { signed?: boolean } = {}) => {
    const { signed, ...rest } = more
    const example = signed ? '-P3D or PT4H' : 'P3D or PT4H'
    return field(
      z
        .string()
        .regex(
          signed ? OFFSET_PATTERN : DURATION_PATTERN,
          `Write an ISO-8601 duration of weeks, days, hours, minutes and seconds, such as ${example}.`,
        ),
      { widget: 'duration', placeholder: 'P3D', ...rest, label },
    )
  },
  /** A rule is opaque here (its schema is the engine's); compile checks it deeply. */
  rule: (label: string, more: Partial<FieldMeta> = {}) =>
    field(z.record(z.string(), z.unknown()), { widget: 'rule', ...more, label }),
  property: (label: string, more: Partial<FieldMeta> = {}) =>
    field(
      z
        .string()
        .regex(
          /^(contact|account|trigger|steps|vars|item)(\.[A-Za-z_][A-Za-z0-9_-]*)+$/,
          'Write the path of a property, such as contact.renewal_date.',
        )
        .max(200),
      { widget: 'property', ...more, label },
    ),
  signal: (label = 'Signal', more: Partial<FieldMeta> = {}) => field(slug(), { widget: 'signal', ...more, label }),
  segment: (label = 'Segment', more: Partial<FieldMeta> = {}) => field(slug(), { widget: 'segment', ...more, label }),
  event: (label = 'Event', more: Partial<FieldMeta> = {}) =>
    field(z.string().min(1).max(200), { widget: 'event', ...more, label }),
  /** For the credentials of connectors: never a template, drawn masked. */
  secret: (label: string, more: Partial<FieldMeta> = {}) =>
    field(z.string().min(1).max(4000), { ...more, widget: 'secret', template: false, label }),
  json: (label: string, more: Partial<FieldMeta> = {}) =>
    field(z.unknown(), { widget: 'json', template: true, ...more, label }),
  contact: (label = 'Contact') =>
    field(z.string().min(1), { widget: 'contact', template: true, label, placeholder: '{{ contact.id }}' }),
  account: (label = 'Account') =>
    field(z.string().min(1), { widget: 'account', template: true, label, placeholder: '{{ account.id }}' }),
  keyValue: (label: string, more: Partial<FieldMeta> = {}) =>
    field(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])), {
      widget: 'keyValue',
      template: true,
      ...more,
      label,
    }),
  of: <S extends z.ZodType>(schema: S, more: FieldMeta) => field(schema, more),
}

const slug = () =>
  z
    .string()
    .max(100)
    .regex(SLUG_PATTERN, 'Write the slug: small letters, digits and single hyphens, such as power-users.')

function meta<M extends Partial<FieldMeta> & { max?: number; min?: number; int?: boolean; pattern?: RegExp }>(
  more: M,
): Partial<FieldMeta> {
  const { max: _max, min: _min, int: _int, pattern: _pattern, ...rest } = more
  return rest
}
