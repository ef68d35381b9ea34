import { z } from 'zod'
import { defineConnector } from '../define.ts'
import { fields } from '../fields.ts'
import { parseSettings } from '../settings.ts'
import { addressProblem } from './addresses.ts'
import type { EmailClient } from './types.ts'

const credentials = z.strictObject({
  password: fields.secret('Password', { help: 'Leave it empty for a server that wants no sign-in.' }).optional(),
})

const settings = z
  .strictObject({
    host: fields.text('Server', { max: 255, placeholder: 'smtp.example.com' }).regex(/^[A-Za-z0-9.:-]+$/, {
      error: 'Write the host name or address alone, without a protocol.',
    }),
    port: fields
      .number('Port', { min: 1, max: 65_535, int: true, help: '465 for TLS, 587 for STARTTLS.' })
      .default(587),
    encryption: fields
      .select('Encryption', ['startTls', 'tls', 'none'], { help: 'None is for a server on this machine only.' })
      .default('startTls'),
    user: fields.text('User', { max: 255 }).optional(),
    from: fields.of(z.string().max(320), {
      widget: 'text',
      label: 'Sender address',
      placeholder: 'success@example.com',
    }),
  })
  .superRefine((value, context) => {
    const problem = value.from.includes(',') ? 'Name one sender address.' : addressProblem(value.from)
    if (problem !== null) context.addIssue({ code: 'custom', path: ['from'], message: problem })
  })

export const emailConnector = defineConnector<EmailClient>({
  app: 'email',
  label: 'E-mail (SMTP)',
  icon: 'mail',
  help: 'Sends mail through your own mail server.',
  auth: ['token', 'none'],
  oauth: null,
  credentials,
  settings,
  budget: null,
  async client(connection, environment) {
    const { password } = parseSettings(credentials, connection.credentials, 'e-mail')
    const { host, port, encryption, user, from } = parseSettings(settings, connection.settings, 'e-mail')
    const { makeEmailClient } = await import('./client.ts')
    const access = { host, port, encryption, user: user ?? null, password: password ?? null, from }
    return makeEmailClient(access, environment)
  },
  async check(client) {
    await client.verify()
    return { identity: client.from, details: {} }
  },
})
