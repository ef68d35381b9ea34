import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClientEnvironment, ConnectorDefinition, OpenedConnection } from '../../nodes/define.ts'
import { type Fault, type FaultCode, FaultError } from '../../nodes/fault.ts'
import type { RunningSandbox } from '../../nodes/sandbox/host.ts'
import type { LoggedRequest } from '../../nodes/sandbox/requests.ts'

/** One HTTP call of the connector's, as a client method. */
export interface SubjectCall<C> {
  run(client: C): Promise<unknown>
  method: string
  /** A prefix or pattern of the vendor's path, as in a fault's `match.path`. */
  path: string
}

export interface ContractSubject<C> {
  connector: ConnectorDefinition<C>
  /** A fresh stand-in, with whatever `read` and `write` need in it. */
  start(): Promise<RunningSandbox>
  /** An opened connection to it that works. Called again for a renewed one. */
  connect(sandbox: RunningSandbox): Promise<OpenedConnection>
  /** Makes one GET. */
  read: SubjectCall<C>
  /** Makes one write, which a second time changes nothing more. */
  write: SubjectCall<C>
  /** What the write leaves, e.g. the number of records: 1 after one write, and after two. */
  count(sandbox: RunningSandbox): Promise<number>
  /** How the vendor refuses a call too many, and what is to come of it. */
  limited: {
    answer: { status: number; headers?: { [name: string]: string }; body: unknown }
    code: FaultCode
    retryAfterMs?: { least: number; most: number }
  }
}

interface Watched extends ClientEnvironment {
  metered(): number
}

/**
 * What every connector promises the shell, shown over its official SDK against its stand-in: calls are metered and
 * never repeated, failures come as faults that say whether a write may have landed, and no secret is in their words.
 */
export function connectorContract<C>(name: string, subject: ContractSubject<C>): void {
  describe(`${name} keeps the connectors' contract`, () => {
    let sandbox: RunningSandbox
    let connection: OpenedConnection
    const { app, client: makeClient } = subject.connector

    beforeEach(async () => {
      sandbox = await subject.start()
      connection = await subject.connect(sandbox)
    })
    afterEach(() => sandbox.close())

    const control = async (path: string, body: unknown) => {
      const response = await fetch(`${sandbox.url}/_sandbox/${app}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(response.ok, `${path}: ${response.status}`).toBe(true)
    }
    const fault = (call: SubjectCall<C>, effect: object) =>
      control('faults', { match: { method: call.method, path: call.path }, ...effect })
    const calls = async (): Promise<LoggedRequest[]> => {
      const response = await fetch(`${sandbox.url}/_sandbox/${app}/requests?limit=1000`)
      return ((await response.json()) as { data: LoggedRequest[] }).data
    }
    /** Calls that `work` made, with its fault when it failed. */
    const observe = async (work: Promise<unknown>): Promise<Fault | null> => {
      const failure = await work.then(
        () => null,
        (error: unknown) => error,
      )
      if (failure === null) return null
      if (!(failure instanceof FaultError)) throw failure
      for (const secret of Object.values(connection.credentials))
        expect(`${failure.message} ${failure.stack} ${JSON.stringify(failure.fault)}`).not.toContain(secret)
      expect(failure.fault.fix).toMatch(/^[A-Z].*\.$/)
      expect(failure.fault.message).toMatch(/\.$/)
      return failure.fault
    }

    it('says who we are there with one metered call', async () => {
      const environment = watched()
      const { identity } = await subject.connector.check(await makeClient(connection, environment), connection.settings)
      expect(identity).not.toBe('')
      expect(environment.metered()).toBe(1)
      expect(await calls()).toHaveLength(1)
    })

    it('draws one call from the budget before each HTTP call', async () => {
      const environment = watched()
      const client = await makeClient(connection, environment)
      await subject.read.run(client)
      await subject.write.run(client)
      await subject.write.run(client)
      expect(environment.metered()).toBe((await calls()).length)
    })

    it('makes no call while the budget does not let it', async () => {
      const refusal = new FaultError({ code: 'RATE_LIMITED', who: 'vendor', message: 'No budget.', fix: 'Wait.' })
      const client = await makeClient(connection, { ...watched(), meter: () => Promise.reject(refusal) })
      await expect(subject.write.run(client)).rejects.toMatchObject({ fault: { code: 'RATE_LIMITED' } })
      expect(await calls()).toHaveLength(0)
    })

    it('leaves one effect when the same write is repeated', async () => {
      const client = await makeClient(connection, watched())
      await subject.write.run(client)
      await subject.write.run(client)
      expect(await subject.count(sandbox)).toBe(1)
    })

    it('reports an expired grant when it cannot be renewed', async () => {
      const client = await makeClient(connection, watched())
      await control('expire', { what: 'access' })
      expect(await observe(subject.write.run(client))).toMatchObject({ code: 'AUTH_EXPIRED', who: 'user' })
      expect(await subject.count(sandbox)).toBe(0)
    })

    it('goes on once with a renewed grant', async () => {
      const renew = () => subject.connect(sandbox)
      const environment = watched({ refresh: renew })
      const client = await makeClient(connection, environment)
      await control('expire', { what: 'access' })
      await subject.write.run(client)
      expect(await subject.count(sandbox)).toBe(1)
      expect((await calls()).filter(({ status }) => status === 401)).toHaveLength(1)
    })

    it('reports a limit with the time the vendor asked for, and does not try again itself', async () => {
      const client = await makeClient(connection, watched())
      await fault(subject.write, { times: 1, ...subject.limited.answer })
      const found = await observe(subject.write.run(client))
      expect(found?.code).toBe(subject.limited.code)
      if (subject.limited.retryAfterMs) {
        expect(found?.retryAfterMs).toBeGreaterThanOrEqual(subject.limited.retryAfterMs.least)
        expect(found?.retryAfterMs).toBeLessThanOrEqual(subject.limited.retryAfterMs.most)
      }
      expect((await calls()).filter((call) => call.fault !== null)).toHaveLength(1)
      expect(await subject.count(sandbox)).toBe(0)
    })

    it.each([500, 502, 504])('cannot know what became of a write answered %i, and says so', async (status) => {
      const client = await makeClient(connection, watched())
      await fault(subject.write, { times: 1, when: 'after', status, body: { oops: true } })
      expect(await observe(subject.write.run(client))).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
      expect((await calls()).filter(({ method }) => method === subject.write.method)).toHaveLength(1)
      await subject.write.run(client)
      expect(await subject.count(sandbox)).toBe(1)
    })

    it('knows that a write answered 503 did not land', async () => {
      const client = await makeClient(connection, watched())
      await fault(subject.write, { times: 1, status: 503, body: null })
      expect(await observe(subject.write.run(client))).toMatchObject({ code: 'VENDOR_UNAVAILABLE', who: 'vendor' })
      expect(await subject.count(sandbox)).toBe(0)
    })

    it.each([500, 502, 503, 504])('calls the vendor unavailable when a read is answered %i', async (status) => {
      const client = await makeClient(connection, watched())
      await fault(subject.read, { times: 1, status, body: '<html>Bad gateway</html>' })
      expect(await observe(subject.read.run(client))).toMatchObject({ code: 'VENDOR_UNAVAILABLE' })
    })

    it('cannot know what became of a write whose answer was lost, and a repeat leaves one effect', async () => {
      const client = await makeClient(connection, watched())
      await fault(subject.write, { times: 1, when: 'after', drop: true })
      expect(await observe(subject.write.run(client))).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
      expect(await subject.count(sandbox)).toBe(1)
      await subject.write.run(client)
      expect(await subject.count(sandbox)).toBe(1)
    })

    it('gives a call up in time: unknown for a write, unavailable for a read', async () => {
      const client = await makeClient(connection, watched({ timeoutMs: 150 }))
      await fault(subject.write, { times: 1, delayMs: 60_000 })
      expect(await observe(subject.write.run(client))).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
      await fault(subject.read, { times: 1, delayMs: 60_000 })
      expect(await observe(subject.read.run(client))).toMatchObject({ code: 'VENDOR_UNAVAILABLE' })
    })

    it('knows that nothing landed where nobody listens', async () => {
      const client = await makeClient(connection, watched())
      await sandbox.close()
      // Kept-alive sockets have to be seen dead first: a write on one of those may have landed for all one knows.
      const refusal = () => fetch(sandbox.url).catch((error: Error) => String(error.cause))
      await expect.poll(refusal).toContain('ECONNREFUSED')
      expect(await observe(subject.write.run(client))).toMatchObject({ code: 'VENDOR_UNAVAILABLE' })
    })

    it('keeps the token out of its words even when the vendor repeats it', async () => {
      const client = await makeClient(connection, watched())
      const echo = Object.values(connection.credentials).join(' ')
      await fault(subject.write, {
        times: 1,
        status: 400,
        body: { errors: [{ code: 'x', message: echo }], message: echo },
      })
      await fault(subject.read, { times: 1, status: 502, body: `<html>${echo}</html>` })
      expect(await observe(subject.write.run(client))).not.toBeNull()
      expect(await observe(subject.read.run(client))).not.toBeNull()
    })
  })
}

/** What the shell gives a client; by default nothing can be renewed. */
function watched(more: Partial<Pick<ClientEnvironment, 'refresh' | 'timeoutMs'>> = {}): Watched {
  let metered = 0
  const expired = new FaultError({
    code: 'AUTH_EXPIRED',
    who: 'user',
    message: 'The grant has ended.',
    fix: 'Reconnect it in Connections.',
  })
  return {
    timeoutMs: 5_000,
    signal: new AbortController().signal,
    refresh: () => Promise.reject(expired),
    ...more,
    metered: () => metered,
    meter: (count = 1) => {
      metered += count
      return Promise.resolve()
    },
  }
}
