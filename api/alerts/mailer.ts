import { setTimeout as sleep } from 'node:timers/promises'
import { CompiledQuery } from 'kysely'
import type { Budgets, Connections } from '../../engine/ports.ts'
import { retryOf } from '../../engine/run/retry.ts'
import { catalog } from '../../nodes/catalog.ts'
import type { ClientEnvironment, OpenedConnection } from '../../nodes/define.ts'
import { messageIdOf, splitAddresses } from '../../nodes/email/addresses.ts'
import { emailConnector } from '../../nodes/email/connector.ts'
import { type Fault, FaultError } from '../../nodes/fault.ts'
import { ConnectionStore } from '../connections/connection-store.ts'
import type { Vault } from '../connections/vault.ts'
import { createBudgets } from '../db/budget-store.ts'
import type { Db } from '../db/database.ts'
import type { Queryable } from '../db/sql.ts'

/** Whom mail goes to, and through which connection, by its slug. */
export interface MailTo {
  connection: string
  /** Addresses, with commas. */
  to: string
}

export interface Mail {
  /** What its Message-ID is made of, so that a repeat can be recognized. */
  key: string
  subject: string
  lines: string[]
}

/** Sends one mail through a connection of a workspace, once. @throws FaultError */
export type Mailer = (workspaceId: string, to: MailTo, mail: Mail) => Promise<void>

export interface MailerDeps {
  connections: Pick<Connections, 'open' | 'pause' | 'refresh'>
  budgets: Pick<Budgets, 'take'>
}

const TIMEOUT_MS = 10_000
/** For its place in the budget and all that the mail server is asked. */
const WHOLE_MS = 30_000

/** @param deps.db where connections and budgets are kept */
export function createMailer({ db, vault }: { db: Db; vault: Vault }): Mailer {
  const q: Queryable = {
    rows: async <R>(statement: { text: string }, values: unknown[]) =>
      (await db.executeQuery(CompiledQuery.raw(statement.text, values))).rows as R[],
  }
  // No sandbox takes mail, so it need not be known where they are.
  const connections = new ConnectionStore({ db, vault, catalog, sandboxUrl: null, clock: Date.now })
  return mailThrough({ connections, budgets: createBudgets(q, Date.now) })
}

/** As an action would: a grant that is gone pauses the connection, which holds the runs that need it. */
export function mailThrough({ connections, budgets }: MailerDeps): Mailer {
  return async (workspaceId, { connection: slug, to }, { key, subject, lines }) => {
    const opened = await connections.open(workspaceId, slug)
    if (opened.state === 'paused') throw new FaultError(opened.fault)
    if (opened.state === 'missing' || opened.connection.app !== emailConnector.app)
      throw new FaultError({
        code: 'CONNECTION_MISSING',
        who: 'user',
        message: `There is no e-mail connection “${slug}”.`,
        fix: 'Choose another on the Alerts page, or connect it again under this name.',
      })
    const { connection } = opened
    try {
      const client = await emailConnector.client(
        connection,
        environmentOf({ connections, budgets }, workspaceId, connection),
      )
      await client.send({
        messageId: messageIdOf(key, client.from),
        to: splitAddresses(to),
        cc: [],
        replyTo: null,
        subject,
        text: `${lines.join('\n')}\n`,
        // Whoever is told of what goes wrong asked for it in the settings, and ends it there.
        unsubscribeUrl: null,
      })
    } catch (error) {
      if (error instanceof FaultError && retryOf(error.fault.code) === 'pause-connection')
        await connections.pause(workspaceId, connection.id, error.fault)
      throw error
    }
  }
}

const TOO_MANY: Fault = {
  code: 'RATE_LIMITED',
  who: 'operator',
  message: 'The budget of the connection is used up by other mail.',
  fix: 'Wait; it is sent when there is room.',
}

function environmentOf(
  { connections, budgets }: MailerDeps,
  workspaceId: string,
  { id, credentials }: OpenedConnection,
): ClientEnvironment {
  return {
    meter: async (calls = 1) => {
      for (let slot: number | null = null; ; ) {
        const taken = await budgets.take(id, calls, slot)
        if (taken.granted) return
        slot = taken.at
        const waitMs = Math.max(0, slot - Date.now())
        if (waitMs > TIMEOUT_MS) throw new FaultError(TOO_MANY)
        await sleep(waitMs)
      }
    },
    timeoutMs: TIMEOUT_MS,
    signal: AbortSignal.timeout(WHOLE_MS),
    refresh: () => connections.refresh(workspaceId, id, credentials['accessToken'] ?? ''),
  }
}
