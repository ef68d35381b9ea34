import type { ActionContext, ClientEnvironment, Consent, OpenedConnection, SubjectRef } from '../../nodes/define.ts'
import { FaultError, type Fault } from '../../nodes/fault.ts'

/** What a client needs from the shell, for tests that use one alone; `calls` counts what was drawn from the budget. */
export function clientEnvironment(more: { timeoutMs?: number; signal?: AbortSignal } = {}): ClientEnvironment & {
  calls(): number
} {
  let calls = 0
  return {
    timeoutMs: more.timeoutMs ?? 5000,
    signal: more.signal ?? new AbortController().signal,
    calls: () => calls,
    meter(count = 1) {
      calls += count
      return Promise.resolve()
    },
    refresh: () => Promise.reject(new Error('This connection has nothing to refresh.')),
  }
}

export const openedConnection = (
  app: string,
  parts: Partial<Pick<OpenedConnection, 'credentials' | 'settings'>>,
): OpenedConnection => ({ id: `test-${app}`, app, credentials: {}, settings: {}, ...parts })

/** An action's context for actions that look up no subject. */
export function actionContext<I, C>(parts: {
  input: I
  client: C
  key?: string
  consent?: (address: string) => Consent
}): ActionContext<I, C> {
  const unexpected = (): Promise<SubjectRef> => Promise.reject(new Error('This action looks up no subject.'))
  return {
    input: parts.input,
    client: parts.client,
    key: parts.key ?? 'run-1:step:1',
    subject: unexpected,
    consent: (address) => Promise.resolve(parts.consent?.(address) ?? { unsubscribed: false, unsubscribeUrl: null }),
    link: () => Promise.reject(new Error('This action links nothing.')),
    intendedAt: new Date('2026-03-02T09:30:00.000Z'),
    signal: new AbortController().signal,
  }
}

/** The fault a call ends in. @throws Error when it succeeds or fails otherwise */
export async function faultOf(call: Promise<unknown>): Promise<Fault> {
  try {
    await call
  } catch (error) {
    if (error instanceof FaultError) return error.fault
    throw error
  }
  throw new Error('The call succeeded where a fault was expected.')
}
