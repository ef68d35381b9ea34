import { z } from 'zod'
import type { Widget } from './manifest.ts'

/** What a field adds to its zod schema for the editor; read by `to-manifest.ts`. */
export interface FieldMeta {
  widget: Widget
  label: string
  help?: string
  placeholder?: string
  /** Whether {{ expressions }} may stand in the value. Default: true for text-like widgets of actions. */
  template?: boolean
}

/** Widget hints, kept beside the schemas and not in them, so that JSON Schema stays clean. */
export const fieldMeta = z.registry<FieldMeta>()

const field = <S extends z.ZodType>(schema: S, meta: FieldMeta): S => schema.register(fieldMeta, meta)

/** Fields with their widget; `label` is what the form shows. Sizes are those of the strictest vendor that takes them. */
export const fields = {
  text: (label: string, more: Partial<FieldMeta> & { max?: number } = {}) =>
    field(
      z
        .string()
        .min(1)
        .max(more.max ?? 4000),
      { widget: 'text', template: true, ...meta(more), label },
    ),
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

function meta<M extends Partial<FieldMeta> & { max?: number; min?: number; int?: boolean }>(
  more: M,
): Partial<FieldMeta> {
  const { max: _max, min: _min, int: _int, ...rest } = more
  return rest
}
