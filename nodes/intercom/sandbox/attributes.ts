import type { FastifyInstance } from 'fastify'
import type { Json } from '../../manifest.ts'
import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { bodyOf, onlyKnown, seconds, textOf } from './values.ts'
import { badParameter, VendorError } from './vendor-error.ts'

const TYPES = new Set(['string', 'integer', 'float', 'boolean', 'datetime', 'date', 'options'])
const MODELS = new Set(['contact', 'company'])
const BUILT_IN: { [model: string]: { [name: string]: string } } = {
  contact: {
    id: 'string',
    external_id: 'string',
    email: 'string',
    name: 'string',
    phone: 'string',
    role: 'string',
    created_at: 'date',
    signed_up_at: 'date',
  },
  company: { company_id: 'string', name: 'string', plan: 'string', monthly_spend: 'float', size: 'integer' },
}

/** Custom attributes must exist, and values must fit them. @throws VendorError 400 */
export function checkAttributes({ store }: Sandbox, given: { model: string; values: RecordBody }): void {
  for (const [name, value] of Object.entries(given.values)) {
    const found = store
      .find('data_attributes', 'name', name)
      .map((record) => record.body)
      .find((attribute) => attribute.name === name && attribute.model === given.model && attribute.archived !== true)
    if (!found) throw badParameter(`Custom attribute '${name}' does not exist`)
    if (value !== null && !fits(value, found))
      throw badParameter(`Custom attribute '${name}' must be of type ${String(found.data_type)}`)
  }
}

function fits(value: Json, { data_type: type, options }: RecordBody): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string' && value.length <= 255
    case 'integer':
    case 'date':
    case 'datetime':
      return Number.isInteger(value)
    case 'float':
      return typeof value === 'number'
    case 'boolean':
      return typeof value === 'boolean'
    default:
      return Array.isArray(options) && options.includes(value)
  }
}

/** Makes a custom attribute as POST /data_attributes does. @throws VendorError 400 */
export function createAttribute(sandbox: Sandbox, body: RecordBody): RecordBody {
  const { store } = sandbox
  onlyKnown(body, new Set(['name', 'model', 'data_type', 'description', 'options', 'messenger_writable']))
  const [name, model, dataType] = [textOf(body, 'name'), textOf(body, 'model'), textOf(body, 'data_type')]
  if (!name || name.length > 190 || !/^[\p{L}\p{N}\p{Sc}_\- ]+$/u.test(name))
    throw badParameter(
      'Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens',
    )
  if (!model || !MODELS.has(model)) throw badParameter('model must be contact or company')
  if (!dataType || !TYPES.has(dataType)) throw badParameter(`data_type must be one of ${[...TYPES].join(', ')}`)
  const twin = store.find('data_attributes', 'name', name).find(({ body: other }) => other.name === name)
  if (twin)
    throw badParameter(
      twin.body.model === model
        ? `You already have '${name}' in your ${model} data. To save this as new ${model} data, use a different name.`
        : `You already have '${name}' in your ${String(twin.body.model)} data. To save this as new ${model} data, use a different name.`,
    )
  const now = seconds(sandbox.now())
  const options = Array.isArray(body.options)
    ? body.options.map((option) =>
        option !== null && typeof option === 'object' && 'value' in option ? (option.value ?? null) : option,
      )
    : []
  const attribute: RecordBody = {
    type: 'data_attribute',
    id: store.next('data_attribute'),
    name,
    full_name: `custom_attributes.${name}`,
    label: name,
    model,
    data_type: dataType,
    ...(dataType === 'options' ? { options } : {}),
    description: textOf(body, 'description') ?? '',
    api_writable: true,
    messenger_writable: body.messenger_writable === true,
    ui_writable: true,
    custom: true,
    archived: false,
    created_at: now,
    updated_at: now,
  }
  store.put('data_attributes', { id: String(attribute.id), body: attribute }, { name })
  return attribute
}

export function attributeRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  const { store } = sandbox
  scope.get<{ Querystring: { model?: string; include_archived?: string } }>('/data_attributes', ({ query }) => {
    if (query.model === 'conversation')
      throw new VendorError(422, 'parameter_invalid', { message: 'Use /conversations/attributes instead' })
    if (query.model !== undefined && !MODELS.has(query.model)) throw badParameter('model must be contact or company')
    const models = query.model === undefined ? [...MODELS] : [query.model]
    const builtIn: RecordBody[] = models.flatMap((model) =>
      Object.entries(BUILT_IN[model] ?? {}).map(([name, dataType]) => ({
        type: 'data_attribute',
        name,
        full_name: name,
        label: name,
        model,
        data_type: dataType,
        api_writable: name !== 'id' && name !== 'created_at',
        messenger_writable: false,
        ui_writable: false,
        custom: false,
        archived: false,
      })),
    )
    const custom = store
      .list('data_attributes')
      .map((record) => record.body)
      .filter(
        (one) => models.includes(String(one.model)) && (query.include_archived === 'true' || one.archived !== true),
      )
    return { type: 'list', data: [...builtIn, ...custom] }
  })
  scope.post('/data_attributes', ({ body }) => createAttribute(sandbox, bodyOf(body)))
  scope.put<{ Params: { id: string } }>('/data_attributes/:id', ({ params, body }) => {
    const attribute = store.get('data_attributes', params.id)
    if (!attribute)
      throw new VendorError(404, 'field_not_found', { message: "We couldn't find that data attribute to update" })
    const given = bodyOf(body)
    onlyKnown(given, new Set(['archived', 'description', 'options', 'messenger_writable']))
    const next = { ...attribute, ...given, updated_at: seconds(sandbox.now()) }
    store.put('data_attributes', { id: params.id, body: next }, { name: String(attribute.name) })
    return next
  })
}
