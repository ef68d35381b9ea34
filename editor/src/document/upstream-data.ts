import { ERROR_PORT } from '../../../engine/model/plan.ts'
import type { DocumentStep, PlaybookDocument } from '../../../engine/model/playbook.ts'
import { renderInput, type TemplateScope } from '../../../engine/expression/render.ts'
import { findStep, type Json, type Manifest, type StepManifest } from '../../../nodes/manifest.ts'
import { listAround } from './bodies.ts'
import { downstream, edgesOf, stepOf, upstream } from './graph.ts'

/** One value that is there when the step runs: what to write for it, and an example. */
export interface Datum {
  /** As rules name it, e.g. `contact.mrr`. */
  path: string
  /** As templates name it; the same but for keys that are no plain names. */
  expression: string
  type: DataType
  sample: Json
}
export type DataType = 'text' | 'number' | 'boolean' | 'date' | 'list' | 'object' | 'unknown'

export interface DataGroup {
  title: string
  data: Datum[]
}

export interface KnownProperty {
  /** `contact.mrr` */
  path: string
  type: string
  sample: Json
}

interface Known {
  manifest: Manifest
  properties: readonly KnownProperty[]
  /** What events had lately. */
  eventProperties?: ReadonlyArray<KnownProperty & { event: string }>
}

/** Everything a step's templates and rules may read: the subject's properties, the trigger, steps before it, variables, the item. */
export function upstreamData(document: PlaybookDocument, stepId: string | null, known: Known): DataGroup[] {
  const groups: DataGroup[] = [
    { title: 'Contact', data: subjectData('contact', known.properties) },
    { title: 'Account', data: subjectData('account', known.properties) },
  ]
  if (document.subject === 'account') groups.reverse()
  if (stepId === null) return groups
  const before = [stepId, ...upstream(document, stepId)]
  const triggers = document.steps.filter((step) => step.type.startsWith('trigger.') && before.includes(step.id))
  const fromTriggers = triggers.map((step) => flatten(findStep(known.manifest, step.type)?.sample ?? {}, 'trigger'))
  // Only what every trigger that leads here leaves behind is sure to be there.
  const [first, ...others] = fromTriggers
  const shared = (first ?? []).filter((datum) => others.every((list) => list.some(({ path }) => path === datum.path)))
  if (shared.length > 0) groups.push({ title: 'What started the run', data: shared })
  for (const id of before.slice(1)) {
    const step = stepOf(document, id)
    const definition = step && findStep(known.manifest, step.type)
    if (step === undefined || definition === undefined || definition.kind === 'trigger') continue
    const data = leftBy({ document, outputPort: definition.outputPort }, step, stepId).flatMap((part) =>
      part === 'fault' ? flatten({ fault: SAMPLE_FAULT }, `steps.${id}`) : outputData(step, definition, known),
    )
    if (data.length > 0) groups.push({ title: step.label ?? definition.label, data })
  }
  const item = itemData({ document, stepId }, known)
  if (item.length > 0) groups.push({ title: 'The item', data: item })
  const variables = variableData(document, before.slice(1), groups)
  if (variables.length > 0) groups.push({ title: 'Variables', data: variables })
  return groups
}

/** Of an event that is waited for: what such events had lately, else its sample. */
function outputData(step: DocumentStep, { type, sample }: StepManifest, { eventProperties = [] }: Known): Datum[] {
  const root = `steps.${step.id}`
  const lately = eventProperties.filter(({ event }) => event === step.input.event)
  if (type !== 'flow.waitForEvent' || lately.length === 0) return flatten(sample, root)
  return lately.map((one) => {
    const path = [...root.split('.'), ...one.path.split('.')]
    return {
      path: path.join('.'),
      expression: expressionOf(path),
      type: typeWord(one.type, one.sample),
      sample: one.sample,
    }
  })
}

/** The item of the innermost list that the step stands in, as the sample of what the list step reads has it. */
function itemData({ document, stepId }: { document: PlaybookDocument; stepId: string }, known: Known): Datum[] {
  const list = listAround(document, stepId, known.manifest)
  if (list === null) return []
  const path = stepOf(document, list)?.input.list
  const there = upstreamData(document, list, known).flatMap(({ data }) => data)
  const sample = there.find((datum) => datum.path === path)?.sample
  const first = Array.isArray(sample) ? (sample[0] ?? null) : null
  const whole: Datum = { path: 'item', expression: 'item', type: typeOfValue(first), sample: first }
  return [whole, ...flatten(first, 'item')]
}

/** What steps before set, filled with samples where they are. */
function variableData(document: PlaybookDocument, before: readonly string[], groups: readonly DataGroup[]): Datum[] {
  const found = new Map<string, Datum>()
  for (const { id, type, input } of document.steps) {
    const { name, value } = input
    if (!before.includes(id) || !type.startsWith('flow.setVariable') || typeof name !== 'string' || name === '')
      continue
    const path = `vars.${name}`
    const sample = sampleOf(value ?? null, [...groups, { title: '', data: [...found.values()] }])
    found.set(path, { path, expression: expressionOf(path.split('.')), type: typeOfValue(sample), sample })
  }
  return [...found.values()]
}

function sampleOf(value: Json, groups: readonly DataGroup[]): Json {
  try {
    return renderInput({ value }, sampleScope(groups)).value ?? null
  } catch (error) {
    // There is no sample for what it reads.
    if (error instanceof Error && error.name === 'FaultError') return null
    throw error
  }
}

const SAMPLE_FAULT = { code: 'NOT_FOUND', message: 'No such contact.', fix: 'Create it first.' }

/**
 * What a step may have left for one after it: its output, where its failure is dealt with the fault, or either.
 * @param drawn with the one port behind which the output is there, where not every one is
 */
function leftBy(
  { document, outputPort }: { document: PlaybookDocument; outputPort: string | undefined },
  from: DocumentStep,
  at: string,
): Array<'output' | 'fault'> {
  if (from.onFailure !== 'branch' && outputPort === undefined)
    return from.onFailure === 'continue' ? ['output', 'fault'] : ['output']
  const out = edgesOf(document).filter((edge) => edge.from === from.id)
  const leads = (by: (port: string) => boolean): boolean =>
    downstream(
      document,
      out.filter(({ port }) => by(port)).map(({ to }) => to),
    ).has(at)
  const done = leads((port) => port !== ERROR_PORT && (outputPort === undefined || port === outputPort))
  const failed = from.onFailure === 'continue' ? done : leads((port) => port === ERROR_PORT)
  return [...(done ? ['output' as const] : []), ...(failed ? ['fault' as const] : [])]
}

const SAMPLE_ID = '0199c2f0-5b0e-7c31-9c1d-3f1f6f0a1b2c'

function subjectData(kind: 'contact' | 'account', properties: readonly KnownProperty[]): Datum[] {
  const own = properties.filter(({ path }) => path.startsWith(`${kind}.`))
  const id = `${kind}.id`
  const all = own.some(({ path }) => path === id) ? own : [{ path: id, type: 'text', sample: null }, ...own]
  return all.map(({ path, type, sample }) => ({
    path,
    expression: expressionOf(path.split('.')),
    type: typeWord(type, sample),
    // Ours is there for everyone; any will do to show what it looks like.
    sample: path === id && sample === null ? SAMPLE_ID : sample,
  }))
}

const KNOWN: { [word: string]: DataType } = {
  string: 'text',
  text: 'text',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  date: 'date',
  datetime: 'date',
  list: 'list',
  array: 'list',
  object: 'object',
}
export const typeWord = (type: string, sample: Json): DataType => {
  const word = KNOWN[type] ?? typeOfValue(sample)
  return word === 'text' && typeOfValue(sample) === 'date' ? 'date' : word
}

export function typeOfValue(value: Json): DataType {
  if (typeof value === 'number') return 'number'
  if (typeof value === 'boolean') return 'boolean'
  if (Array.isArray(value)) return 'list'
  if (value !== null && typeof value === 'object') return 'object'
  if (typeof value !== 'string') return 'unknown'
  return /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$/.test(value) ? 'date' : 'text'
}

/** A key that CEL cannot read as a name stands in brackets. */
export const expressionOf = (path: readonly string[]): string =>
  path.reduce((done, key, index) => {
    if (/^[A-Za-z_]\w*$/.test(key)) return index === 0 ? key : `${done}.${key}`
    return `${done}[${JSON.stringify(key)}]`
  }, '')

const DEEPEST = 5

function flatten(value: Json, root: string): Datum[] {
  const found: Datum[] = []
  const walk = (part: Json, path: string[]) => {
    if (path.length > 1 || typeOfValue(part) !== 'object')
      found.push({ path: path.join('.'), expression: expressionOf(path), type: typeOfValue(part), sample: part })
    if (part === null || typeof part !== 'object' || Array.isArray(part) || path.length > DEEPEST) return
    for (const [key, inner] of Object.entries(part)) walk(inner, [...path, key])
  }
  const start = root.split('.')
  if (value !== null && typeof value === 'object' && !Array.isArray(value))
    for (const [key, inner] of Object.entries(value)) walk(inner, [...start, key])
  return found
}

/** The samples as a scope, so that a template can be shown filled while it is written. */
export function sampleScope(groups: readonly DataGroup[]): TemplateScope {
  const scope: TemplateScope = { contact: {}, account: {}, trigger: {}, steps: {}, vars: {} }
  for (const { data } of groups)
    for (const { path, sample } of data) if (sample !== null) put(scope as unknown as Tree, path.split('.'), sample)
  return scope
}

type Tree = { [key: string]: Json | Tree }

function put(tree: Tree, path: readonly string[], value: Json): void {
  const [key, ...rest] = path
  if (key === undefined) return
  if (rest.length === 0) {
    // An object comes before its parts, which are then written into it again.
    tree[key] = structuredClone(value)
    return
  }
  const next = tree[key]
  if (next === undefined || next === null || typeof next !== 'object' || Array.isArray(next)) tree[key] = {}
  put(tree[key] as Tree, rest, value)
}
