/**
 * The manifest: everything the compiler, the editor and the docs need to know of a step, as JSON.
 * Types only (and no imports), because the pure rooms and the browser read it. `toManifest` in
 * `to-manifest.ts` makes it from the catalog.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonSchema = { [key: string]: Json }

export type StepKind = 'trigger' | 'condition' | 'flow' | 'action'

/** How the editor draws a field. The value's type is in `schema`. */
export type Widget =
  | 'text' // one line, {{ }} allowed where `template`
  | 'secret' // one line, drawn masked and never sent back
  | 'textarea'
  | 'number'
  | 'boolean'
  | 'select' // schema.enum
  | 'duration' // ISO-8601 duration, e.g. P3D, PT4H
  | 'date'
  | 'rule' // rule builder
  | 'cases' // list of { port, if: rule }
  | 'formFields' // list of { name, label, type, required, options }
  | 'arms' // list of { port, percent }, together 100
  | 'property' // path of a property, e.g. contact.renewal_date
  | 'contact' // our contact id
  | 'account' // our account id
  | 'signal' // slug of a signal
  | 'segment' // slug of a segment
  | 'playbook' // slug of a playbook
  | 'event' // event name
  | 'filters' // list of { property, op, value } over an event's properties
  | 'keys' // list of { property, path }: an event's property equals what stands at a path
  | 'hours' // list of { days, from, to }: weekly windows
  | 'dates' // list of dates
  | 'keyValue' // object of text values
  | 'cron'
  | 'timeZone'
  | 'json'

export interface FieldManifest {
  name: string
  label: string
  help?: string
  placeholder?: string
  widget: Widget
  required: boolean
  /** Whether the value may be, or hold, {{ expressions }}. */
  template: boolean
  default?: Json
  /** JSON Schema of the value after rendering. */
  schema: JsonSchema
  /**
   * The field is drawn, and its value allowed, only while the select field `field` has one of the values `is`;
   * with `required` it must then be filled. Without `when` a field is always drawn.
   */
  when?: FieldCondition
  /** Connectors only: `credentials` are encrypted at rest and never sent back, `settings` are plain. */
  place?: 'credentials' | 'settings'
}

export interface FieldCondition {
  field: string
  is: string[]
  required: boolean
}

/** The port of every step that has just one: `["a", "b"]` in a document is short for `["a.out", "b"]`. */
export const ONLY_PORT = 'out'

/** Whether what follows its failure can be chosen. */
export const canFail = (step: Pick<StepManifest, 'kind' | 'mayFail'>): boolean =>
  step.kind === 'action' || step.mayFail === true

/** Names of the outgoing ports: fixed, or one for each item of a list field plus fixed ones. */
export type PortsManifest = { fixed: string[] } | { each: { field: string; key: string }; plus: string[] }

/** Why a repeat of this action is safe. */
export type RepeatMode = 'natural' | 'keyed' | 'readBack' | 'review'

export interface StepManifest {
  /** `intercom.tagContact` */
  type: string
  version: number
  kind: StepKind
  label: string
  help: string
  /** Palette group, e.g. `Triggers`, `Flow`, `Intercom`. */
  group: string
  /** A lucide icon name in kebab case, or `intercom` / `salesforce` / `slack`. */
  icon: string
  /** The app whose connection the step needs, if any. */
  connector: string | null
  fields: FieldManifest[]
  ports: PortsManifest
  /** JSON Schema of what the step leaves behind for later steps (`steps.<id>.…`, for triggers `trigger.…`). */
  output: JsonSchema
  /** The one port behind which the output is there; left out: whichever way the step ended, unless it failed. */
  outputPort?: string
  /** The step waits for an answer after it has acted: the ports of the answers, the usual one first. */
  answers?: string[]
  /** An example of the output: shown by the picker, used by dry runs. */
  sample: Json
  /** No action, but it may fail, and what follows can be chosen as for an action. */
  mayFail?: true
  repeat: { mode: RepeatMode; why: string } | null
  /** Triggers: which subjects they can start runs for. */
  subjects: Array<'contact' | 'account'> | null
  /** One-line summary of a filled step, e.g. `Tag {contact} with {tag}`. */
  summary: string
}

export interface ConnectorManifest {
  app: string
  label: string
  icon: string
  help: string
  /** How a connection is made. `none` needs no credentials (plain HTTP). */
  auth: Array<'oauth' | 'token' | 'none'>
  /** Fields of the manual form (access token, base URL, SMTP host …). */
  fields: FieldManifest[]
  /** Default budget in vendor calls. */
  budget: { calls: number; perMs: number } | null
}

export interface Manifest {
  steps: StepManifest[]
  connectors: ConnectorManifest[]
}

/** The exact step a document names: `type` is the newest version, `type@2` that one. */
export function findStep(manifest: Manifest, type: string): StepManifest | undefined {
  const [name, version] = type.split('@')
  const candidates = manifest.steps.filter((step) => step.type === name)
  if (version !== undefined) return candidates.find((step) => String(step.version) === version)
  return candidates.reduce<StepManifest | undefined>(
    (best, s) => (best && best.version > s.version ? best : s),
    undefined,
  )
}

/** The outgoing ports of a step with this input. */
export function portsOf(step: StepManifest, input: { [field: string]: Json }): string[] {
  if ('fixed' in step.ports) return step.ports.fixed
  const { field, key } = step.ports.each
  const items = input[field]
  const named = Array.isArray(items)
    ? items.flatMap((item) => {
        const name = item !== null && typeof item === 'object' && !Array.isArray(item) ? item[key] : undefined
        return typeof name === 'string' ? [name] : []
      })
    : []
  return [...named, ...step.ports.plus]
}

/** Percents of at most two decimals, added without the error of binary fractions: 33.33, 33.33 and 33.34 are 100. */
export const sumOfPercents = (percents: readonly number[]): number =>
  percents.reduce((sum, percent) => sum + Math.round(percent * 100), 0) / 100
