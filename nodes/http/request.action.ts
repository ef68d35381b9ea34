import { z } from 'zod'
import { type ActionContext, defineAction } from '../define.ts'
import { EFFECT_HEADER } from '../effect-header.ts'
import { fields } from '../fields.ts'
import sample from './fixtures/request.json' with { type: 'json' }
import { headerText, httpFields, httpOutput } from './step-fields.ts'
import { type HttpClient, WRITE_METHODS } from './types.ts'

const input = z.strictObject({ method: fields.select('Method', WRITE_METHODS), ...httpFields })

type Input = z.output<typeof input>

/**
 * The free call. One definition declares one way to make a repeat safe, so there are two: this one for a POST or PATCH
 * to a service we know nothing of, where a lost answer goes to a person; and `http.repeatableRequest` for what may be
 * sent twice, by the method's meaning or by an idempotency header.
 */
export const request = defineAction({
  type: 'http.request',
  version: 1,
  label: 'HTTP call (POST, PATCH)',
  help: 'Sends JSON to a web service that has no idempotency header. A lost answer waits for a person’s decision.',
  group: 'HTTP',
  icon: 'globe',
  summary: '{method} {url}',
  connector: 'http',
  input,
  output: httpOutput,
  sample,
  repeat: {
    mode: 'review',
    why: 'POST and PATCH may do their work again when sent again (RFC 9110 §9.2.2), and a service we know nothing of cannot be asked whether the first one landed.',
  },
  async run({ input, client, key }: ActionContext<Input, HttpClient>) {
    const headers = { ...headerText(input.headers), [EFFECT_HEADER]: key }
    return { output: await client.send({ ...input, headers }) }
  },
})
