import { z } from 'zod'
import { type ActionContext, defineAction } from '../define.ts'
import { fields } from '../fields.ts'
import { addressProblem, isOneLine, messageIdOf, splitAddresses } from './addresses.ts'
import sample from './fixtures/send.json' with { type: 'json' }
import type { EmailClient } from './types.ts'

const addresses = (label: string, help: string) =>
  fields.of(
    z
      .string()
      .min(1)
      .max(4000)
      .superRefine((text, context) => {
        const problem = addressProblem(text)
        if (problem !== null) context.addIssue({ code: 'custom', message: problem })
      }),
    { widget: 'text', template: true, label, help, placeholder: '{{ contact.email }}' },
  )

const input = z.strictObject({
  to: addresses('To', 'An address, or several with commas.'),
  cc: addresses('Copy to', 'An address, or several with commas.').optional(),
  replyTo: addresses('Replies go to', 'Left empty: the sender.').optional(),
  subject: fields
    .text('Subject', { max: 500 })
    .refine(isOneLine, 'The subject holds a line break or another control character; write it on one line.'),
  text: fields.textarea('Message', { help: 'Plain text.' }),
})
type Input = z.output<typeof input>

export const send = defineAction({
  type: 'email.send',
  version: 1,
  label: 'Send an e-mail',
  help: 'Sends a plain-text mail through your mail server.',
  group: 'E-mail',
  icon: 'mail',
  summary: 'Mail {to}: {subject}',
  connector: 'email',
  input,
  output: z.object({ messageId: z.string(), accepted: z.array(z.string()), rejected: z.array(z.string()) }),
  sample,
  repeat: {
    mode: 'review',
    why: 'SMTP delivers again what is handed over again, and no server can be asked whether it took a mail. The Message-ID stays the same, but few mailboxes drop the second by it.',
  },
  async run({ input, client, key }: ActionContext<Input, EmailClient>) {
    const messageId = messageIdOf(key, client.from)
    const { accepted, rejected } = await client.send({
      messageId,
      to: splitAddresses(input.to),
      cc: input.cc === undefined ? [] : splitAddresses(input.cc),
      replyTo: input.replyTo ?? null,
      subject: input.subject,
      text: input.text,
    })
    return { output: { messageId, accepted, rejected }, externalId: messageId }
  },
})
