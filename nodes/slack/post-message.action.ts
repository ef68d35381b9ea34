import { z } from 'zod'
import { type ActionContext, defineAction } from '../define.ts'
import { fields } from '../fields.ts'
import sample from './fixtures/post-message.json' with { type: 'json' }
import type { SlackClient } from './types.ts'

const input = z.strictObject({
  channel: fields.text('Channel', {
    max: 100,
    help: 'A channel’s id or name; the app must be in it. A person’s member id sends a direct message.',
    placeholder: '#customer-success',
  }),
  text: fields.textarea('Message', { max: 4000, help: 'Slack’s own formatting applies: *bold*, _italic_, <links>.' }),
  threadTs: fields
    .text('Reply in the thread of', {
      max: 200,
      help: 'The ts that an earlier Slack step left behind.',
      placeholder: '{{ steps.notify.ts }}',
    })
    .optional(),
})
type Input = z.output<typeof input>

export const postMessage = defineAction({
  type: 'slack.postMessage',
  version: 1,
  label: 'Post a message',
  help: 'Posts a message to a Slack channel, thread or person.',
  group: 'Slack',
  icon: 'slack',
  summary: 'Post to {channel}',
  connector: 'slack',
  input,
  output: z.object({ channel: z.string(), ts: z.string() }),
  sample,
  repeat: {
    mode: 'review',
    why: 'Slack posts again whatever it is sent again, and finding the first message would need a history scope and a mark in the text that everyone reads.',
  },
  async run({ input, client }: ActionContext<Input, SlackClient>) {
    const output = await client.postMessage(input)
    return { output, externalId: `${output.channel}:${output.ts}` }
  },
})
