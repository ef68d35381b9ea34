import { z } from 'zod'
import { type ActionContext, type Consent, defineAction } from '../define.ts'
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
  purpose: fields
    .select('Purpose', ['marketing', 'transactional'], {
      help: 'Marketing is not sent to who unsubscribed, and says how to. Transactional is what they need: a receipt, a reset; caps and quiet hours do not hold it back.',
    })
    .default('marketing'),
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
  output: z.object({
    /** Empty where nothing was sent, because all who it was for had unsubscribed. */
    messageId: z.string(),
    accepted: z.array(z.string()),
    rejected: z.array(z.string()),
    skipped: z.array(z.string()).describe('Who unsubscribed and was left out.'),
  }),
  sample,
  repeat: {
    mode: 'review',
    why: 'SMTP delivers again what is handed over again, and no server can be asked whether it took a mail. The Message-ID stays the same, but few mailboxes drop the second by it.',
  },
  reaches: ({ purpose }) => (purpose === 'marketing' ? 'email' : null),
  addressees: ({ to, cc }) => [...splitAddresses(to), ...(cc === undefined ? [] : splitAddresses(cc))],
  async run({ input, client, key, consent }: ActionContext<Input, EmailClient>) {
    const to = splitAddresses(input.to)
    const cc = input.cc === undefined ? [] : splitAddresses(input.cc)
    const asked = await askAll([...to, ...cc], input.purpose === 'marketing' ? consent : null)
    const wanted = (address: string): boolean => asked.get(address)?.unsubscribed !== true
    const skipped = [...new Set([...to, ...cc])].filter((address) => !wanted(address))
    // A copy is no mail of its own: without who it was for there is nothing to send.
    if (!to.some(wanted)) return { output: { messageId: '', accepted: [], rejected: [], skipped } }
    const messageId = messageIdOf(key, client.from)
    const { accepted, rejected } = await client.send({
      messageId,
      to: to.filter(wanted),
      cc: cc.filter(wanted),
      replyTo: input.replyTo ?? null,
      subject: input.subject,
      text: input.text,
      unsubscribeUrl: linkFor([...to, ...cc].filter(wanted), asked),
    })
    return { output: { messageId, accepted, rejected, skipped }, externalId: messageId }
  },
})

/** @param consent null: what is sent needs none */
async function askAll(
  addresses: string[],
  consent: ActionContext<Input, EmailClient>['consent'] | null,
): Promise<Map<string, Consent>> {
  if (consent === null) return new Map()
  return new Map(await Promise.all(addresses.map(async (one): Promise<[string, Consent]> => [one, await consent(one)])))
}

/** A link is one person's: where several get the same mail, none may end the others' mails. */
function linkFor(addresses: string[], asked: Map<string, Consent>): string | null {
  return addresses.length === 1 ? (asked.get(addresses[0] ?? '')?.unsubscribeUrl ?? null) : null
}
