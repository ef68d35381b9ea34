import { createTransport } from 'nodemailer'
import type { ClientEnvironment } from '../define.ts'
import { FaultError } from '../fault.ts'
import { addressProblem, isOneLine } from './addresses.ts'
import { faultOfSmtp } from './faults.ts'
import type { EmailClient, EmailMessage } from './types.ts'

export interface SmtpAccess {
  host: string
  port: number
  /** TLS from the first byte; otherwise STARTTLS, demanded unless `plain`. */
  encryption: 'tls' | 'startTls' | 'none'
  user: string | null
  password: string | null
  from: string
}

export function makeEmailClient(access: SmtpAccess, environment: ClientEnvironment): EmailClient {
  return {
    from: access.from,
    async send(message) {
      refuseInjection(message)
      await environment.meter()
      const wire = openTransport(access, environment)
      const signal = AbortSignal.any([environment.signal, AbortSignal.timeout(environment.timeoutMs)])
      try {
        const sent = await wire.transport.sendMail({
          from: access.from,
          to: message.to,
          cc: message.cc,
          ...(message.replyTo !== null && { replyTo: message.replyTo }),
          subject: message.subject,
          text: message.text,
          messageId: message.messageId,
          ...(message.unsubscribeUrl !== null && { headers: unsubscribeHeaders(message.unsubscribeUrl) }),
          signal,
        })
        return { accepted: sent.accepted.map(addressText), rejected: sent.rejected.map(addressText) }
      } catch (error) {
        throw faultFrom(error, wire.dataSent())
      }
    },
    async verify() {
      await environment.meter()
      const wire = openTransport(access, environment)
      try {
        await wire.transport.verify()
      } catch (error) {
        throw faultFrom(error, false)
      }
    },
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc8058 */
const unsubscribeHeaders = (url: string): { [name: string]: string } => ({
  'List-Unsubscribe': `<${url}>`,
  'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
})

/** One connection for one mail; watches its commands, since only they tell whether a lost mail may have been taken. */
function openTransport(access: SmtpAccess, environment: ClientEnvironment) {
  let dataSent = false
  const nothing = () => undefined
  const watch = (entry: unknown, text?: unknown) => {
    const client = typeof entry === 'object' && entry !== null && 'tnx' in entry && entry.tnx === 'client'
    if (client && text === 'DATA') dataSent = true
  }
  const transport = createTransport({
    host: access.host,
    port: access.port,
    secure: access.encryption === 'tls',
    requireTLS: access.encryption === 'startTls',
    ignoreTLS: access.encryption === 'none',
    ...(access.user !== null && { auth: { user: access.user, pass: access.password ?? '' } }),
    // Without it a server that offers no sign-in would be used without one, in silence.
    forceAuth: access.user !== null,
    connectionTimeout: environment.timeoutMs,
    greetingTimeout: environment.timeoutMs,
    socketTimeout: environment.timeoutMs,
    dnsTimeout: environment.timeoutMs,
    // A message is text of ours: nothing in it may make the server read files or addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
    transactionLog: true,
    logger: {
      level: nothing,
      trace: nothing,
      debug: watch,
      info: nothing,
      warn: nothing,
      error: nothing,
      fatal: nothing,
    },
  })
  return { transport, dataSent: () => dataSent }
}

/** The step's schema refuses these already; a client that others call keeps its own door shut too. */
function refuseInjection(message: EmailMessage): void {
  const lists = [message.to.join(','), ...(message.cc.length > 0 ? [message.cc.join(',')] : [])]
  const problem =
    [...lists, ...(message.replyTo === null ? [] : [message.replyTo])].map(addressProblem).find((p) => p !== null) ??
    (isOneLine(message.subject) ? null : 'The subject holds a line break or another control character.')
  if (problem !== null && problem !== undefined)
    throw new FaultError({ code: 'INVALID_INPUT', who: 'user', message: problem, fix: 'Correct the step’s fields.' })
}

const addressText = (address: string | { address: string }): string =>
  typeof address === 'string' ? address : address.address

function faultFrom(error: unknown, dataSent: boolean): FaultError {
  const read = (name: string): unknown => (error instanceof Error ? Reflect.get(error, name) : undefined)
  const code = read('code')
  const responseCode = read('responseCode')
  const response = read('response')
  const cause = read('originalCode')
  return new FaultError(
    faultOfSmtp({
      code: typeof code === 'string' ? code : error instanceof Error ? error.name : 'unknown',
      cause: typeof cause === 'string' ? cause : '',
      responseCode: typeof responseCode === 'number' ? responseCode : null,
      response: typeof response === 'string' ? response : '',
      dataSent,
    }),
  )
}
