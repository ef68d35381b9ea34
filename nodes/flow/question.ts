import { z } from 'zod'
import { fields } from '../fields.ts'
import { DECIDERS, type Question } from '../inside.ts'

/** Addresses with commas or line ends between them; empty parts are none. */
const addressesIn = (text: string): string[] =>
  text
    .split(/[,;\s]+/u)
    .filter((part) => part !== '')
    .map((part) => part.toLowerCase())

const ADDRESS = /^[^\s@]+@[^\s@]+$/u

/** What every step that asks somebody says: what, whom, and for how long. */
export const askedFields = ({ title }: { title: string }) => ({
  title: fields.text('Question', { max: 300, placeholder: title, help: 'One line, as the person reads it.' }),
  text: fields
    .textarea('Details', { max: 8000, help: 'What they need to know to answer. Shown as plain text.' })
    .optional(),
  who: fields
    .select('Who may answer', DECIDERS, {
      help: 'Members of the workspace: anybody, editors and owners, or owners alone. Left empty: editors and owners.',
    })
    .optional(),
  people: fields
    .of(
      z
        .string()
        .max(2000)
        .refine((text) => addressesIn(text).every((part) => ADDRESS.test(part)), {
          message: 'Write e-mail addresses with commas between them.',
        }),
      {
        widget: 'text',
        template: true,
        label: 'Only these people',
        help: 'E-mail addresses of members, with commas between them. Left empty: everybody who may answer.',
        placeholder: 'ada@example.com, {{ account.owner_email }}',
      },
    )
    .optional(),
  link: fields
    .select('Whoever has the link', ['signsIn', 'mayAnswer'], {
      help: 'Signs in: answers after signing in, if they may. May answer: answers at once, whoever they are. Left empty: signs in.',
    })
    .optional(),
  maxWait: fields.duration('Wait at most', {
    help: 'After this the step is left by “timeout”. Silence is never read as a yes.',
    placeholder: 'P3D',
  }),
})

/** What is known of an answer, beside what it says. */
export const answeredBy = {
  /** Who answered: an e-mail address, or the name that was given with the link. */
  by: z.string().optional(),
  at: z.iso.datetime().optional(),
}

interface AskedInput {
  title: string
  text?: string | undefined
  who?: Question['who'] | undefined
  people?: string | undefined
  link?: 'signsIn' | 'mayAnswer' | undefined
  maxWait: string
}

export const questionOf = (input: AskedInput): Omit<Question, 'kind' | 'fields'> => ({
  title: input.title,
  text: input.text ?? null,
  who: input.who ?? 'editors',
  people: addressesIn(input.people ?? ''),
  byLink: input.link === 'mayAnswer',
  maxWait: input.maxWait,
})
