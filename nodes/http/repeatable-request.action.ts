import { z } from 'zod'
import { type ActionContext, defineAction } from '../define.ts'
import { EFFECT_HEADER } from '../effect-header.ts'
import { fields } from '../fields.ts'
import sample from './fixtures/request.json' with { type: 'json' }
import { headerText, httpFields, httpOutput } from './step-fields.ts'
import { type HttpClient, REPEATABLE_METHODS, WRITE_METHODS } from './types.ts'

const NEEDS_KEY: readonly string[] = WRITE_METHODS

const input = z
  .strictObject({
    method: fields.select('Method', REPEATABLE_METHODS),
    ...httpFields,
    idempotencyHeader: fields
      .text('Idempotency header', {
        max: 100,
        template: false,
        help: 'The header by which the service recognizes a repeat, such as Idempotency-Key. Its value is the step’s own key, the same on every attempt.',
        placeholder: 'Idempotency-Key',
        when: { field: 'method', is: [...WRITE_METHODS], required: true },
      })
      .regex(/^[A-Za-z0-9-]+$/, 'A header name has letters, digits and hyphens only.')
      .optional(),
  })
  .superRefine((value, context) => {
    const needed = NEEDS_KEY.includes(value.method)
    if (needed === (value.idempotencyHeader !== undefined)) return
    context.addIssue({
      code: 'custom',
      path: ['idempotencyHeader'],
      message: needed
        ? `A ${value.method} is safe to repeat only with an idempotency header; name it, or use http.request.`
        : `Remove the idempotency header: a ${value.method} means the same however often it is sent.`,
    })
  })

type Input = z.output<typeof input>

/** The call that may be sent twice; see `request.action.ts` for why there are two. */
export const repeatableRequest = defineAction({
  type: 'http.repeatableRequest',
  version: 1,
  label: 'HTTP call, safe to repeat',
  help: 'Calls a web service with GET, HEAD, PUT or DELETE, or with a POST or PATCH that carries an idempotency key.',
  group: 'HTTP',
  icon: 'globe',
  summary: '{method} {url}',
  connector: 'http',
  input,
  output: httpOutput,
  sample,
  repeat: {
    mode: 'natural',
    why: 'GET, HEAD, PUT and DELETE mean the same however often they are sent (RFC 9110 §9.2.2); POST and PATCH are taken only with an idempotency header, whose value is this step’s key on every attempt.',
  },
  async run({ input, client, key }: ActionContext<Input, HttpClient>) {
    const { idempotencyHeader, headers, ...call } = input
    const own = idempotencyHeader === undefined ? {} : { [idempotencyHeader]: key }
    return { output: await client.send({ ...call, headers: { ...headerText(headers), ...own, [EFFECT_HEADER]: key } }) }
  },
})
