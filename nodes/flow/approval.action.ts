import { z } from 'zod'
import { type ActionContext, defineAction } from '../define.ts'
import type { Inside } from '../inside.ts'
import { askedFields, answeredBy, questionOf } from './question.ts'

const input = z.strictObject(
  askedFields({ title: 'Give {{ account.name }} a discount of {{ trigger.properties.percent }} %?' }),
)
type Input = z.output<typeof input>

/** A person says yes or no. Nobody who keeps silent has said yes. */
export const approval = defineAction({
  type: 'flow.approval',
  version: 1,
  label: 'Ask for approval',
  help: 'Asks somebody to approve or reject, on the page “Waiting for you” and behind a link, and waits for the answer. Behind “asked”, taken at once, a message can bring the link: {{ steps.<id>.link }}.',
  group: 'People',
  icon: 'user-check',
  summary: 'Ask: {title}',
  connector: null,
  input,
  output: z.object({
    link: z.string(),
    comment: z.string().nullable().optional(),
    ...answeredBy,
  }),
  sample: {
    link: 'https://signalbox.example/asks/8cXk2Yh0',
    comment: 'Fine for a year.',
    by: 'ada@example.com',
    at: '2026-03-02T09:30:00.000Z',
  },
  repeat: { mode: 'keyed', why: 'What was asked before is found by the key; it only gets another link.' },
  answer: { ports: ['approved', 'rejected'], asked: true },
  async run({ input, client }: ActionContext<Input, Inside>) {
    const { ask, link } = await client.ask({ kind: 'approval', fields: [], ...questionOf(input) })
    return { output: { link }, externalId: ask }
  },
})
