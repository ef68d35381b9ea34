import { z } from 'zod'
import { fields } from '../fields.ts'

/** What both HTTP actions ask for and leave behind. */
export const httpFields = {
  url: fields.text('URL', {
    max: 2000,
    help: 'An address that starts with https://, or a path below the connection’s base URL.',
    placeholder: 'https://api.example.com/orders',
  }),
  headers: fields
    .keyValue('Headers', { help: 'Sent as they stand. Keep secrets in the connection instead.' })
    .optional(),
  body: fields.json('Body', { help: 'Sent as JSON; text is sent as it is.' }).optional(),
}

export const httpOutput = z.object({
  status: z.int(),
  headers: z.record(z.string(), z.string()),
  /** Parsed JSON, text, or null where there is none. */
  body: z.unknown(),
  bodyOmitted: z.boolean(),
})

/** Header values as text: a form may hand over numbers and booleans. Empty ones are left out. */
export function headerText(headers: { [name: string]: string | number | boolean | null } = {}): {
  [name: string]: string
} {
  const text: { [name: string]: string } = {}
  for (const [name, value] of Object.entries(headers)) if (value !== null) text[name] = String(value)
  return text
}
