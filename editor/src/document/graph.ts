import { type DocumentStep, parseEdgeEnd, type PlaybookDocument } from '../../../engine/model/playbook.ts'
import { portsOfStep as portsOfDrawn } from '../../../engine/model/step-ports.ts'
import { findStep, type Manifest, ONLY_PORT } from '../../../nodes/manifest.ts'

/** An edge with its ends taken apart; `index` is its place in the document. */
export interface Edge {
  index: number
  from: string
  port: string
  to: string
}

export interface PortRef {
  step: string
  port: string
}

export const edgeEnd = ({ step, port }: PortRef): string => (port === ONLY_PORT ? step : `${step}.${port}`)

export const readEdge = ([from, to]: [string, string], index: number): Edge => {
  const { step, port } = parseEdgeEnd(from)
  return { index, from: step, port: port ?? ONLY_PORT, to: parseEdgeEnd(to).step }
}

export const edgesOf = (document: PlaybookDocument): Edge[] => document.edges.map(readEdge)

export const stepOf = (document: PlaybookDocument, id: string): DocumentStep | undefined =>
  document.steps.find((step) => step.id === id)

/** The ports of a step, or those its edges name while its type is not known here. */
export function portsOfStep(document: PlaybookDocument, step: DocumentStep, manifest: Manifest): string[] {
  const definition = findStep(manifest, step.type)
  if (definition !== undefined) return portsOfDrawn(step, definition)
  return [
    ...new Set(
      edgesOf(document)
        .filter((edge) => edge.from === step.id)
        .map((edge) => edge.port),
    ),
  ]
}

/** Ports without an edge: where a path simply ends, and where the canvas offers to go on. */
export function openPorts(document: PlaybookDocument, manifest: Manifest): PortRef[] {
  const taken = new Set(edgesOf(document).map((edge) => `${edge.from}\n${edge.port}`))
  return document.steps.flatMap((step) =>
    portsOfStep(document, step, manifest)
      .filter((port) => !taken.has(`${step.id}\n${port}`))
      .map((port) => ({ step: step.id, port })),
  )
}

const follow = (start: Iterable<string>, next: (id: string) => readonly string[]): Set<string> => {
  const seen = new Set<string>()
  const open = [...start]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    open.push(...next(id))
  }
  return seen
}

const neighbours = (document: PlaybookDocument, way: 'up' | 'down'): ((id: string) => readonly string[]) => {
  const lists = new Map<string, string[]>()
  for (const { from, to } of edgesOf(document)) {
    const [key, value] = way === 'down' ? [from, to] : [to, from]
    const list = lists.get(key)
    if (list === undefined) lists.set(key, [value])
    else list.push(value)
  }
  return (id) => lists.get(id) ?? []
}

/** The steps and all that can be reached from them. */
export const downstream = (document: PlaybookDocument, ids: Iterable<string>): Set<string> =>
  follow(ids, neighbours(document, 'down'))

/** Steps that lead to this one, nearest first, itself not among them. */
export function upstream(document: PlaybookDocument, id: string): string[] {
  const before = neighbours(document, 'up')
  const seen = new Set([id])
  const order: string[] = []
  let ring = [...before(id)]
  while (ring.length > 0) {
    const next: string[] = []
    for (const step of ring) {
      if (seen.has(step)) continue
      seen.add(step)
      order.push(step)
      next.push(...before(step))
    }
    ring = next
  }
  return order
}

/** Why an edge may not be drawn, in words, or null when it may. */
export function whyNotConnect(document: PlaybookDocument, from: PortRef, to: string): string | null {
  if (from.step === to) return 'A step cannot lead to itself.'
  const target = stepOf(document, to)
  if (target === undefined || stepOf(document, from.step) === undefined) return 'That step is no longer there.'
  if (target.type.startsWith('trigger.')) return 'Nothing can lead to a trigger: it is where a run starts.'
  if (edgesOf(document).some((edge) => edge.from === from.step && edge.port === from.port && edge.to === to))
    return 'They are connected already.'
  if (downstream(document, [to]).has(from.step)) return 'That would make a circle; a run could never end.'
  return null
}
