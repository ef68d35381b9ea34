import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { actionContext, clientEnvironment, faultOf, openedConnection } from '../../test/helpers/step-context.ts'
import { emailConnector } from './connector.ts'
import { send } from './send.action.ts'

const PASSWORD = 'pw-9c1f'

interface Delivered {
  from: string
  to: string[]
  raw: string
}
let inbox: Delivered[]
let onData: 'take' | 'drop' | { code: number; text: string }
let recipients: (address: string) => { code: number; text: string } | null

class Reply extends Error {
  readonly responseCode: number
  constructor({ code, text }: { code: number; text: string }) {
    super(text)
    this.responseCode = code
  }
}

const smtp = new SMTPServer({
  hideSTARTTLS: true,
  allowInsecureAuth: true,
  authOptional: true,
  closeTimeout: 100,
  onAuth: (auth, _session, done) =>
    auth.username === 'mailer' && auth.password === PASSWORD
      ? done(null, { user: 'mailer' })
      : done(new Reply({ code: 535, text: 'Authentication credentials invalid' })),
  onRcptTo: (address, _session, done) => {
    const refusal = recipients(address.address)
    done(refusal === null ? null : new Reply(refusal))
  },
  onData: (stream, session, done) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const { mailFrom, rcptTo } = session.envelope
      const from = mailFrom === false ? '' : mailFrom.address
      if (typeof onData === 'object') return done(new Reply(onData))
      inbox.push({ from, to: rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks).toString() })
      // The work is done and the answer lost, as a crash or a cut line would lose it.
      if (onData === 'drop') for (const socket of sockets) socket.destroy()
      else done()
    })
  },
})
const sockets = new Set<Socket>()
let port: number

beforeAll(async () => {
  smtp.on('error', () => undefined)
  const { server } = smtp
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => new Promise<void>((resolve) => smtp.close(resolve)))
beforeEach(() => {
  inbox = []
  onData = 'take'
  recipients = () => null
})

const settings = () => ({
  host: '127.0.0.1',
  port,
  encryption: 'none',
  user: 'mailer',
  from: 'success@acme.example',
})
const open = (more: { password?: string; settings?: object; timeoutMs?: number } = {}) =>
  emailConnector.client(
    openedConnection('email', {
      credentials: { password: more.password ?? PASSWORD },
      settings: { ...settings(), ...more.settings },
    }),
    clientEnvironment(more.timeoutMs === undefined ? {} : { timeoutMs: more.timeoutMs }),
  )

const fields = { to: 'ada@example.com', subject: 'Ihr Plan wächst', text: 'Grüße,\nSignalbox' }
const mail = async (more: object = {}, client = open()) => {
  const input = send.input.parse({ ...fields, ...more })
  return send.run(actionContext({ input, client: await client, key: 'run-7:notify:2' }))
}

describe('email.send', () => {
  it('delivers through a real SMTP server, with a Message-ID made from the key', async () => {
    const result = await mail({ cc: 'bob@example.com, eve@example.com', replyTo: 'owner@acme.example' })
    expect(result).toEqual({
      output: {
        messageId: '<run-7=notify=2@acme.example>',
        accepted: ['ada@example.com', 'bob@example.com', 'eve@example.com'],
        rejected: [],
        skipped: [],
      },
      externalId: '<run-7=notify=2@acme.example>',
    })
    expect(inbox).toHaveLength(1)
    expect(inbox[0]).toMatchObject({
      from: 'success@acme.example',
      to: ['ada@example.com', 'bob@example.com', 'eve@example.com'],
    })
    expect(inbox[0]?.raw).toContain('Message-ID: <run-7=notify=2@acme.example>')
    expect(inbox[0]?.raw).toContain('Reply-To: owner@acme.example')
    expect(inbox[0]?.raw).toContain('Subject: =?UTF-8?')
  })

  it('keeps the Message-ID on a repeat, and every key its own', async () => {
    const first = await mail()
    const again = await mail()
    expect(again.output.messageId).toBe(first.output.messageId)
    const input = send.input.parse(fields)
    const others = await Promise.all(
      ['a:b:1', 'a.b:1', 'a-b.1'].map(async (key) => send.run(actionContext({ input, client: await open(), key }))),
    )
    expect(new Set(others.map(({ output }) => output.messageId)).size).toBe(3)
  })

  it.each([
    ['subject', 'Hello\r\nBcc: victim@example.com'],
    ['subject', 'Hello\nX-Evil: 1'],
    ['subject', 'Hello\u2028there'],
    ['to', 'ada@example.com\r\nBcc: victim@example.com'],
    ['to', 'ada@example.com>\nRCPT TO:<victim@example.com'],
    ['to', 'Ada <ada@example.com>'],
    ['to', '"a\r\n"@example.com'],
    ['to', 'ada@exa mple.com'],
    ['to', 'ada'],
    ['cc', 'a@example.com,,b@example.com'],
    ['replyTo', 'a@example.com\r\nDATA'],
  ])('refuses to inject by %s: %j', async (field, value) => {
    const result = send.input.safeParse({ ...fields, [field]: value })
    expect(result.success).toBe(false)
    expect(result.error?.issues[0]?.path).toEqual([field])
  })

  it('refuses the same at the client, which others may call without the schema', async () => {
    const message = {
      messageId: '<1@a.example>',
      to: ['a@example.com'],
      cc: [],
      replyTo: null,
      subject: 'x',
      text: 'x',
      unsubscribeUrl: null,
    }
    const client = await open()
    for (const bad of [
      { subject: 'x\r\nBcc: victim@example.com' },
      { to: ['a@example.com\r\nBcc: victim@example.com'] },
      { cc: ['a@example.com>\r\nRCPT TO:<b@example.com'] },
      { replyTo: 'a@example.com\nX: 1' },
    ])
      expect((await faultOf(client.send({ ...message, ...bad }))).code).toBe('INVALID_INPUT')
    expect(inbox).toEqual([])
  })

  it('cannot be ended early or given commands by what the text holds', async () => {
    await mail({ text: 'Dear Ada,\r\n.\r\nMAIL FROM:<evil@example.com>\r\nRCPT TO:<victim@example.com>\r\n' })
    expect(inbox).toHaveLength(1)
    expect(inbox[0]?.to).toEqual(['ada@example.com'])
    expect(inbox[0]?.raw).toContain('MAIL FROM:<evil@example.com>')
  })

  it('refuses to be used for mass mail', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `a${index}@example.com`).join(',')
    expect(send.input.safeParse({ ...fields, to: many(20) }).success).toBe(true)
    expect(send.input.safeParse({ ...fields, to: many(21) }).success).toBe(false)
  })

  it('says who was refused while others were taken', async () => {
    recipients = (address) => (address.startsWith('gone') ? { code: 550, text: 'No such user' } : null)
    const { output } = await mail({ to: 'ada@example.com,gone@example.com' })
    expect(output).toMatchObject({ accepted: ['ada@example.com'], rejected: ['gone@example.com'] })
  })
})

describe('consent', () => {
  const consent = (address: string) => ({
    unsubscribed: address.startsWith('no'),
    unsubscribeUrl: address.startsWith('team') ? null : `https://app.example/unsubscribe/${address.slice(0, 2)}`,
  })
  const send1 = async (more: object) =>
    send.run(actionContext({ input: send.input.parse({ ...fields, ...more }), client: await open(), consent }))

  it('is asked before a mail goes out: to who unsubscribed nothing is sent, and the step says so', async () => {
    expect(await send1({ to: 'no@example.com' })).toEqual({
      output: { messageId: '', accepted: [], rejected: [], skipped: ['no@example.com'] },
    })
    expect(inbox).toEqual([])
  })

  it('leaves out those who unsubscribed and writes to the others', async () => {
    const { output } = await send1({ to: 'yes@example.com,no@example.com', cc: 'no2@example.com' })
    expect(output).toMatchObject({ accepted: ['yes@example.com'], skipped: ['no@example.com', 'no2@example.com'] })
    expect(inbox[0]?.to).toEqual(['yes@example.com'])
  })

  it('is not asked for what the recipient needs', async () => {
    const { output } = await send1({ to: 'no@example.com', purpose: 'transactional' })
    expect(output).toMatchObject({ accepted: ['no@example.com'], skipped: [] })
    expect(inbox[0]?.raw).not.toContain('List-Unsubscribe')
  })

  it('is offered to be taken back by one click, as RFC 8058 has it', async () => {
    await send1({ to: 'yes@example.com' })
    expect(inbox[0]?.raw).toContain('List-Unsubscribe: <https://app.example/unsubscribe/ye>')
    expect(inbox[0]?.raw).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click')
  })

  it('is nobody’s to take back for another: several recipients and colleagues get no link', async () => {
    await send1({ to: 'yes@example.com,you@example.com' })
    await send1({ to: 'team@acme.example' })
    expect(inbox.map(({ raw }) => raw.includes('List-Unsubscribe'))).toEqual([false, false])
  })
})

describe('faults of the e-mail client', () => {
  it.each([
    [550, 'No such user here', 'INVALID_INPUT'],
    [450, 'Greylisted, come again', 'VENDOR_BUSY'],
  ])('takes a recipient refused with %i %s for %s', async (code, text, fault) => {
    recipients = () => ({ code, text })
    const found = await faultOf(mail())
    expect(found).toMatchObject({ code: fault, vendor: { status: code } })
    expect(found.message).toContain(text)
  })

  it.each([
    [552, 'INVALID_INPUT'],
    [554, 'INVALID_INPUT'],
    [451, 'VENDOR_BUSY'],
    [421, 'VENDOR_UNAVAILABLE'],
  ])('takes a message refused with %i for %s', async (code, fault) => {
    onData = { code, text: 'Not this one' }
    expect(await faultOf(mail())).toMatchObject({ code: fault, vendor: { status: code } })
    expect(inbox).toEqual([])
  })

  it('says that the outcome is unknown when the connection breaks after the mail was taken', async () => {
    onData = 'drop'
    expect(await faultOf(mail())).toMatchObject({ code: 'OUTCOME_UNKNOWN', who: 'user' })
    expect(inbox).toHaveLength(1)
  })

  it('says that the password is wrong, without repeating it', async () => {
    const fault = await faultOf(mail({}, open({ password: 'wrong-3b7' })))
    expect(fault).toMatchObject({ code: 'AUTH_EXPIRED', who: 'user' })
    expect(JSON.stringify(fault)).not.toContain('wrong-3b7')
  })

  it('says that the server is unavailable when nobody listens or nobody greets', async () => {
    const mute = createServer()
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const at = (mute.address() as AddressInfo).port
    const silent = await faultOf(mail({}, open({ settings: { port: at }, timeoutMs: 100 })))
    expect(silent.code).toBe('VENDOR_UNAVAILABLE')
    await new Promise((resolve) => mute.close(resolve))
    const refused = await faultOf(mail({}, open({ settings: { port: at } })))
    expect(refused.code).toBe('VENDOR_UNAVAILABLE')
  })

  it('refuses a certificate that does not hold, and says where to look', async () => {
    const fault = await faultOf(mail({}, open({ settings: { encryption: 'startTls' } })))
    expect(fault).toMatchObject({ code: 'CONFIGURATION', who: 'user' })
    expect(fault.message).toContain('CERT')
    expect(inbox).toEqual([])
  })

  it('refuses to go on unencrypted where STARTTLS is asked for and not offered', async () => {
    const plain = new SMTPServer({ disabledCommands: ['STARTTLS'], authOptional: true, closeTimeout: 100 })
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    const { port } = plain.server.address() as AddressInfo
    const fault = await faultOf(mail({}, open({ settings: { encryption: 'startTls', port } })))
    await new Promise<void>((resolve) => plain.close(resolve))
    expect(fault).toMatchObject({ code: 'CONFIGURATION', who: 'user' })
  })

  it('refuses to send without sign-in where a user is set and the server offers none', async () => {
    const openServer = new SMTPServer({ disabledCommands: ['STARTTLS', 'AUTH'], authOptional: true, closeTimeout: 100 })
    await new Promise<void>((resolve) => openServer.listen(0, '127.0.0.1', resolve))
    const { port } = openServer.server.address() as AddressInfo
    const fault = await faultOf(mail({}, open({ settings: { port } })))
    await new Promise<void>((resolve) => openServer.close(resolve))
    expect(fault).toMatchObject({ code: 'AUTH_EXPIRED', who: 'user' })
  })
})

describe('the e-mail connector', () => {
  it('signs in and sends nothing to check a connection', async () => {
    expect(await emailConnector.check(await open(), {})).toEqual({ identity: 'success@acme.example', details: {} })
    expect((await faultOf(emailConnector.check(await open({ password: 'no' }), {}))).code).toBe('AUTH_EXPIRED')
    expect(inbox).toEqual([])
  })

  it.each([
    [{ host: 'smtp://mail.example' }, 'host'],
    [{ port: 70_000 }, 'port'],
    [{ from: 'Acme <a@acme.example>' }, 'from'],
    [{ from: 'a@acme.example,b@acme.example' }, 'from'],
  ])('refuses the settings %j', async (wrong, field) => {
    const fault = await faultOf(open({ settings: wrong }))
    expect(fault.code).toBe('CONFIGURATION')
    expect(fault.message).toContain(field)
    expect(fault.message).not.toContain(PASSWORD)
  })
})
