import type { z } from 'zod'
import type { Json, PortsManifest, RepeatMode } from './manifest.ts'

/**
 * What a step is. A definition is data plus, for actions, one `run`; clients arrive as arguments, so a definition
 * imports no SDK. One file a definition, listed in `catalog.ts`.
 */

type InputSchema = z.ZodObject
type Words = { label: string; help: string; group: string; icon: string; summary: string }

export interface TriggerDefinition<I extends InputSchema = InputSchema> extends Words {
  kind: 'trigger'
  type: string
  version: number
  input: I
  /** What a run finds under `trigger.` */
  output: z.ZodType
  sample: Json
  subjects: Array<'contact' | 'account'>
  ports: PortsManifest
}

/** Conditions and flow control: their meaning lives in `engine/run/advance.ts`. */
export interface FlowDefinition<I extends InputSchema = InputSchema> extends Words {
  kind: 'condition' | 'flow'
  type: string
  version: number
  input: I
  ports: PortsManifest
  /** Whether {{ expressions }} may stand in its fields, as in those of an action. */
  templates?: true
  /** Whether it may fail; what follows can then be chosen as for an action. */
  mayFail?: true
  /** What later steps read under `steps.<id>.` Left out: nothing. */
  leaves?: {
    output: z.ZodType
    sample: Json
    /** The one port behind which it is there; left out: every port. */
    port?: string
  }
}

/** A person or company as connectors see it: enough to find the vendor's record by link, external id or e-mail. */
export interface SubjectRef {
  kind: 'contact' | 'account'
  /** Our id (uuid). */
  id: string
  /** The customer's own id (Segment userId / groupId), if known. */
  externalId: string | null
  email: string | null
  name: string | null
  /** Known vendor ids, e.g. `{ intercom: '66f…', salesforce: '003…' }`. */
  links: { [app: string]: string }
  properties: { [name: string]: Json }
}

/** On what an action reaches a person outside. */
export type Channel = 'email'

/** Whether somebody wants to be written to. */
export interface Consent {
  /** They said that they want no more of it. */
  unsubscribed: boolean
  /** Where they can say so, theirs alone; null: nobody of the workspace has this address. */
  unsubscribeUrl: string | null
}

export interface ActionContext<I, C> {
  input: I
  /** The connector's client, already authorized and metered: every call it makes draws on the connection's budget. */
  client: C
  /** run:step:visit. The same for every attempt of one intended write. At most 200 characters, [A-Za-z0-9:_.-]. */
  key: string
  /** Looks up a contact or account of the workspace by our id. @throws FaultError NOT_FOUND */
  subject(kind: 'contact' | 'account', id: string): Promise<SubjectRef>
  /** Remembers a vendor id for a subject, so that the next look-up needs no search. */
  link(kind: 'contact' | 'account', id: string, vendorId: string): Promise<void>
  /** What whoever has this e-mail address said about being written to. */
  consent(address: string): Promise<Consent>
  /** When the step was first intended; the same on every attempt. Stable times in vendor calls come from here. */
  intendedAt: Date
  signal: AbortSignal
}

export interface ActionResult<O> {
  output: O
  /** The vendor's id of what was written, for the ledger. */
  externalId?: string
  /** What was there before, where knowing it costs no extra call. */
  before?: Json
}

/** What a read-back found: the earlier write landed, or it certainly did not. */
export type ReadBack<O> = { landed: true; result: ActionResult<O> } | { landed: false }

export interface ActionDefinition<I extends InputSchema = InputSchema, O extends z.ZodType = z.ZodType, C = unknown>
  extends Words {
  kind: 'action'
  type: string
  version: number
  /** The app whose connection the action needs; its client is the `client` of the context. Null: `Inside` is. */
  connector: string | null
  input: I
  output: O
  sample: z.output<O>
  /** Which of the four ways makes a repeat safe, and why. */
  repeat: { mode: RepeatMode; why: string }
  /**
   * Its `run` asks somebody, and the step then waits for the answer: by which of these ports, or by `timeout` after
   * what its field `maxWait` says. `asked`: it has that port too, taken as soon as it has asked.
   */
  answer?: { ports: string[]; asked: boolean }
  /** The channel that the workspace's caps and quiet hours are asked for; null, or left out: they say nothing of it. */
  reaches?(input: z.output<I>): Channel | null
  /** The addresses it then goes to: whose caps are asked for where no run says whom it is about. */
  addressees?(input: z.output<I>): string[]
  run(context: ActionContext<z.output<I>, C>): Promise<ActionResult<z.output<O>>>
  /** Only, and always, with `readBack`. `notBeforeMs`: how long after the attempt the vendor may still be working. */
  readBack?: {
    notBeforeMs: number
    look(context: ActionContext<z.output<I>, C>): Promise<ReadBack<z.output<O>>>
  }
}

/** Opened credentials as a connector's client needs them. Never leaves the server. */
export interface OpenedConnection {
  id: string
  app: string
  /** e.g. { accessToken, refreshToken, instanceUrl } or { token } or { host, port, user, password } */
  credentials: { [name: string]: string }
  settings: { [name: string]: Json }
}

export interface ClientEnvironment {
  /** Draws one call from the connection's budget before it is made. Resolves when it may go. */
  meter(calls?: number): Promise<void>
  /** Milliseconds after which a single vendor call is given up (its outcome is then unknown for writes). */
  timeoutMs: number
  signal: AbortSignal
  /** Called when the vendor said the access token is no longer good; answers a fresh connection or throws AUTH_EXPIRED. */
  refresh(): Promise<OpenedConnection>
}

export interface OAuthDescription {
  /** Absolute URLs; `{base}` stands for the connection's or environment's base URL for this app. */
  authorizeUrl: string
  tokenUrl: string
  /** What `{base}` is in each of the two when the vendor itself, and no sandbox or own address, is connected. */
  vendorBases?: { authorize: string; token: string }
  scopes: string[]
  pkce: boolean
  /** Whether the token endpoint answers a refresh token. */
  refreshable: boolean
}

export interface ConnectorDefinition<C = unknown> {
  app: string
  label: string
  icon: string
  help: string
  auth: Array<'oauth' | 'token' | 'none'>
  oauth: OAuthDescription | null
  /** The manual form: credentials (secret) and settings (not secret). */
  credentials: z.ZodObject
  settings: z.ZodObject
  /** The vendor's limit as calls per window; null where there is none to keep. */
  budget: { calls: number; perMs: number } | null
  /** Loads the client's code ahead of its first use, so that no run waits for it. */
  load?(): Promise<void>
  /** Makes the client over the vendor's official SDK. Loaded lazily, so that definitions stay free of SDKs. */
  client(connection: OpenedConnection, environment: ClientEnvironment): Promise<C>
  /**
   * One cheap read proving the grant works; answers who we are there, and the settings that only the vendor could tell
   * (where the workspace lives).
   * @param kept the connection's settings as they are kept
   * @throws FaultError
   */
  check(client: C, kept: { [name: string]: Json }): Promise<ConnectionCheck>
}

export interface ConnectionCheck {
  identity: string
  details: { [name: string]: Json }
  /** Kept from now on; those not named stay as they are. */
  settings?: { [name: string]: Json }
}

/** A definition with its types forgotten, as the catalog keeps it; the shell pairs action and client by `connector`. */
export type AnyActionDefinition = ActionDefinition<InputSchema, z.ZodType, unknown>
export type AnyConnectorDefinition = ConnectorDefinition<unknown>
export type StepDefinition = TriggerDefinition | FlowDefinition | AnyActionDefinition

export interface Catalog {
  steps: StepDefinition[]
  connectors: AnyConnectorDefinition[]
}

export const defineTrigger = <I extends InputSchema>(d: Omit<TriggerDefinition<I>, 'kind'>): TriggerDefinition<I> => ({
  kind: 'trigger',
  ...d,
})

export const defineCondition = <I extends InputSchema>(d: Omit<FlowDefinition<I>, 'kind'>): FlowDefinition<I> => ({
  kind: 'condition',
  ...d,
})

export const defineFlow = <I extends InputSchema>(d: Omit<FlowDefinition<I>, 'kind'>): FlowDefinition<I> => ({
  kind: 'flow',
  ...d,
})

/** @throws Error when `repeat.mode` and `readBack` disagree: that is a defect of the definition. */
export function defineAction<I extends InputSchema, O extends z.ZodType, C>(
  d: Omit<ActionDefinition<I, O, C>, 'kind'>,
): ActionDefinition<I, O, C> {
  if ((d.repeat.mode === 'readBack') !== (d.readBack !== undefined))
    throw new Error(`${d.type}: repeat mode 'readBack' and a readBack function come together or not at all.`)
  return { kind: 'action', ...d }
}

export const defineConnector = <C>(d: ConnectorDefinition<C>): ConnectorDefinition<C> => d
