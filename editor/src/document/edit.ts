import type { DocumentStep, PlaybookDocument, StepRetry } from '../../../engine/model/playbook.ts'
import type { Json, Manifest, StepManifest } from '../../../nodes/manifest.ts'
import { ONLY_PORT, portsOf } from '../../../nodes/manifest.ts'
import { downstream, edgeEnd, edgesOf, type PortRef, portsOfStep, stepOf, whyNotConnect } from './graph.ts'
import { renameInInput } from './references.ts'

/**
 * Every change a person makes to a playbook, as pure functions from document to document. What is not touched keeps
 * its identity, so that canvas and compiler redo only what changed.
 */

/** Distance between two steps that follow one another, in canvas units. */
export const ROW = 140
export const COLUMN = 288

export interface NewStep {
  definition: StepManifest
  connection?: string
  /** How far to the side of its predecessor it is placed: below the port it hangs on. */
  aside?: number
}
export interface Added {
  document: PlaybookDocument
  id: string
}

/** A free id that reads well in templates: `steps.tag_contact.…` (a hyphen would be a minus there). */
export function freeId(taken: ReadonlySet<string>, type: string): string {
  const name = type.split('@')[0]?.split('.').at(-1) ?? 'step'
  const base = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
  if (!taken.has(base)) return base
  let n = 2
  while (taken.has(`${base}_${n}`)) n += 1
  return `${base}_${n}`
}

const idsOf = (document: PlaybookDocument): Set<string> => new Set(document.steps.map((step) => step.id))

/** What a fresh step starts with: defaults, the run's own subject, the first choice of a required select. */
export function initialInput(definition: StepManifest): { [field: string]: Json } {
  const input: { [field: string]: Json } = {}
  for (const field of definition.fields) {
    if (field.default !== undefined) input[field.name] = field.default
    else if (field.widget === 'contact' && field.required) input[field.name] = '{{ contact.id }}'
    else if (field.widget === 'account' && field.required) input[field.name] = '{{ account.id }}'
    else if (field.widget === 'cases') input[field.name] = [{ port: 'yes', if: { all: [] } }]
    else if (field.widget === 'arms')
      input[field.name] = [
        { port: 'a', percent: 50 },
        { port: 'b', percent: 50 },
      ]
    else if (field.widget === 'select' && field.required) {
      const first = Array.isArray(field.schema.enum) ? field.schema.enum[0] : undefined
      if (first !== undefined) input[field.name] = first
    }
  }
  return input
}

function makeStep(document: PlaybookDocument, fresh: NewStep, at: [number, number]): DocumentStep {
  const { definition, connection } = fresh
  return {
    id: freeId(idsOf(document), definition.type),
    type: `${definition.type}@${definition.version}`,
    ...(connection !== undefined && { connection }),
    input: initialInput(definition),
    at: [Math.round(at[0]), Math.round(at[1])],
  }
}

/** Adds a step that nothing leads to yet. */
export function addStep(document: PlaybookDocument, fresh: NewStep, at: [number, number]): Added {
  const step = makeStep(document, fresh, at)
  return { document: { ...document, steps: [...document.steps, step] }, id: step.id }
}

/** How far from the middle of a step the n-th of its ports leads, so that branches stand side by side. */
export const asideOf = (index: number, count: number): number => Math.round((index - (count - 1) / 2) * COLUMN)

/** Adds a step at the end of an open port. */
export function addAfter(document: PlaybookDocument, from: PortRef, fresh: NewStep): Added {
  const source = stepOf(document, from.step)
  const [x, y] = source?.at ?? [0, 0]
  const siblings = edgesOf(document).filter((edge) => edge.from === from.step).length
  const added = addStep(document, fresh, freeSpot(document, [x + (fresh.aside ?? siblings * COLUMN), y + ROW]))
  return { document: link(added.document, from, added.id), id: added.id }
}

/** Splits an edge: the new step takes its place, and what came after moves down to make room. */
export function insertOnEdge(document: PlaybookDocument, edgeIndex: number, fresh: NewStep): Added {
  const edge = edgesOf(document)[edgeIndex]
  const target = edge && stepOf(document, edge.to)
  const source = edge && stepOf(document, edge.from)
  if (edge === undefined || target === undefined || source === undefined)
    throw new Error(`There is no edge ${edgeIndex}.`)
  const below = target.at ?? [0, 0]
  const top = (source.at?.[1] ?? 0) + ROW
  const shifted = shiftDown(document, edge.to, top + ROW - below[1])
  const added = addStep(shifted, fresh, [below[0], top])
  const step = stepOf(added.document, added.id)
  const ports = step ? portsOf(fresh.definition, step.input) : []
  // What came after a list comes after all of it, not once for each item.
  const port = ports.find((name) => name === ONLY_PORT) ?? ports[0]
  const edges = added.document.edges.flatMap((pair, index): Array<[string, string]> => {
    if (index !== edgeIndex) return [pair]
    const first: [string, string] = [pair[0], added.id]
    return port === undefined ? [first] : [first, [edgeEnd({ step: added.id, port }), edge.to]]
  })
  return { document: { ...added.document, edges }, id: added.id }
}

/** @returns the document itself when the edge may not be drawn (`whyNotConnect` says why) */
export function connect(document: PlaybookDocument, from: PortRef, to: string): PlaybookDocument {
  return whyNotConnect(document, from, to) === null ? link(document, from, to) : document
}

const link = (document: PlaybookDocument, from: PortRef, to: string): PlaybookDocument => ({
  ...document,
  edges: [...document.edges, [edgeEnd(from), to]],
})

export function disconnect(document: PlaybookDocument, edgeIndexes: readonly number[]): PlaybookDocument {
  const gone = new Set(edgeIndexes)
  return { ...document, edges: document.edges.filter((_, index) => !gone.has(index)) }
}

/**
 * Removes steps. Where one step with one way out goes, what led to it leads on to what came after, as a person who
 * takes a step out of a chain expects.
 */
export function removeSteps(document: PlaybookDocument, ids: readonly string[]): PlaybookDocument {
  return ids.reduce(removeOne, document)
}

function removeOne(document: PlaybookDocument, id: string): PlaybookDocument {
  const edges = edgesOf(document)
  const into = edges.filter((edge) => edge.to === id)
  const out = edges.filter((edge) => edge.from === id)
  const kept = document.edges.filter((_, index) => ![...into, ...out].some((edge) => edge.index === index))
  const after = new Set(out.map((edge) => edge.to))
  const bare: PlaybookDocument = { ...document, steps: document.steps.filter((step) => step.id !== id), edges: kept }
  const [only] = after
  if (only === undefined || after.size > 1) return bare
  return into.reduce((done, edge) => connect(done, { step: edge.from, port: edge.port }, only), bare)
}

const updateStep = (
  document: PlaybookDocument,
  id: string,
  change: (step: DocumentStep) => DocumentStep,
): PlaybookDocument => ({ ...document, steps: document.steps.map((step) => (step.id === id ? change(step) : step)) })

/** `undefined` takes the field out. */
export function setInput(
  document: PlaybookDocument,
  id: string,
  change: { field: string; value: Json | undefined },
): PlaybookDocument {
  return updateStep(document, id, (step) => {
    const { [change.field]: _old, ...rest } = step.input
    if (change.value === undefined) return { ...step, input: rest }
    return { ...step, input: { ...step.input, [change.field]: change.value } }
  })
}

/** An empty label gives the definition's own words back. */
export function setLabel(document: PlaybookDocument, id: string, label: string): PlaybookDocument {
  return updateStep(document, id, ({ label: _old, ...step }) => (label.trim() === '' ? step : { ...step, label }))
}

export function setNote(document: PlaybookDocument, id: string, note: string): PlaybookDocument {
  return updateStep(document, id, ({ note: _old, ...step }) => (note === '' ? step : { ...step, note }))
}

export function setConnection(document: PlaybookDocument, id: string, slug: string | null): PlaybookDocument {
  return updateStep(document, id, ({ connection: _old, ...step }) =>
    slug === null ? step : { ...step, connection: slug },
  )
}

/** Stopping is the default and stands in no document. */
export function setOnFailure(
  document: PlaybookDocument,
  id: string,
  onFailure: NonNullable<DocumentStep['onFailure']>,
): PlaybookDocument {
  return updateStep(document, id, ({ onFailure: _old, ...step }) =>
    onFailure === 'stop' ? step : { ...step, onFailure },
  )
}

export function setRetry(document: PlaybookDocument, id: string, retry: StepRetry | undefined): PlaybookDocument {
  return updateStep(document, id, ({ retry: _old, ...step }) => (retry === undefined ? step : { ...step, retry }))
}

/** Gives a port that a step's input names another name; its edges follow. */
export function renamePort(document: PlaybookDocument, id: string, names: { from: string; to: string }) {
  const old = edgeEnd({ step: id, port: names.from })
  const edges = document.edges.map((pair): [string, string] =>
    pair[0] === old ? [edgeEnd({ step: id, port: names.to }), pair[1]] : pair,
  )
  return { ...document, edges }
}

/** Takes out edges of ports that the step no longer has. */
export function dropLostPorts(document: PlaybookDocument, id: string, manifest: Manifest): PlaybookDocument {
  const step = stepOf(document, id)
  if (step === undefined) return document
  const ports = new Set(portsOfStep(document, step, manifest))
  const lost = edgesOf(document).filter((edge) => edge.from === id && !ports.has(edge.port))
  return lost.length === 0
    ? document
    : disconnect(
        document,
        lost.map((edge) => edge.index),
      )
}

/** Gives a step another id, in its edges and in everything that reads its output. */
export function renameStep(document: PlaybookDocument, id: string, next: string): PlaybookDocument {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(next))
    throw new Error('An id is letters, digits, _ and -, and does not start with a digit.')
  if (id !== next && idsOf(document).has(next)) throw new Error(`Another step has the id “${next}” already.`)
  const names = new Map([[id, next]])
  return {
    ...document,
    steps: document.steps.map((step) => {
      const input = renameInInput(step.input, names)
      if (step.id === id) return { ...step, id: next, input }
      return input === step.input ? step : { ...step, input }
    }),
    edges: edgesOf(document).map((edge, index) => {
      const pair = document.edges[index]
      if (pair !== undefined && edge.from !== id && edge.to !== id) return pair
      const from = edge.from === id ? next : edge.from
      return [edgeEnd({ step: from, port: edge.port }), edge.to === id ? next : edge.to]
    }),
  }
}

export function moveSteps(document: PlaybookDocument, places: ReadonlyMap<string, [number, number]>): PlaybookDocument {
  let moved = false
  const steps = document.steps.map((step) => {
    const at = places.get(step.id)
    if (at === undefined) return step
    const rounded: [number, number] = [Math.round(at[0]), Math.round(at[1])]
    if (step.at !== undefined && step.at[0] === rounded[0] && step.at[1] === rounded[1]) return step
    moved = true
    return { ...step, at: rounded }
  })
  return moved ? { ...document, steps } : document
}

/** Moves a step and what follows it down, but only those that are in the way. */
function shiftDown(document: PlaybookDocument, from: string, by: number): PlaybookDocument {
  if (by <= 0) return document
  const edge = stepOf(document, from)?.at?.[1] ?? 0
  const moving = downstream(document, [from])
  return {
    ...document,
    steps: document.steps.map((step) =>
      moving.has(step.id) && step.at !== undefined && step.at[1] >= edge
        ? { ...step, at: [step.at[0], step.at[1] + by] }
        : step,
    ),
  }
}

/** The wished place, or the nearest to its right that no step covers. */
function freeSpot(document: PlaybookDocument, wish: [number, number]): [number, number] {
  let [x, y] = wish
  const covered = () =>
    document.steps.some(
      ({ at }) => at !== undefined && Math.abs(at[0] - x) < COLUMN - 20 && Math.abs(at[1] - y) < ROW - 40,
    )
  while (covered()) x += COLUMN
  return [x, y]
}

/** The port a new edge of this step would use when none is named: its first free one. */
export function firstOpenPort(document: PlaybookDocument, id: string, manifest: Manifest): string | null {
  const step = stepOf(document, id)
  if (step === undefined) return null
  const ports = portsOfStep(document, step, manifest)
  const used = new Set(
    edgesOf(document)
      .filter((edge) => edge.from === id)
      .map((edge) => edge.port),
  )
  return ports.find((port) => !used.has(port)) ?? ports[0] ?? null
}
