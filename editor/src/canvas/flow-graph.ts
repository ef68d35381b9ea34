import { type Edge as FlowEdge, type Node, Position } from '@xyflow/react'
import type { DocumentStep, PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { Problem } from '../../../engine/model/problem.ts'
import { findStep, type Manifest, type StepManifest } from '../../../nodes/manifest.ts'
import { edgesOf, portsOfStep } from '../document/graph.ts'
import { type Places, STEP_HEIGHT, stepWidth } from '../document/layout.ts'
import { counted } from '../ui/counted.ts'
import { labelOf, summaryOf } from './step-summary.ts'

/** What a step shows on the canvas beside its own words. */
export interface StepMark {
  /** A `StepStatus`, or `count` for how many runs are there. */
  status?: string
  /** e.g. `until Tue 09:00`; without a status all that it shows. */
  words?: string
  /** Open runs at this step now. */
  count?: number
}

export type StepNodeData = {
  step: DocumentStep
  definition: StepManifest | undefined
  label: string
  summary: string
  ports: string[]
  /** Ports without an edge; the canvas offers to go on there. */
  open: string[]
  problems: Problem[]
  mark: StepMark | undefined
}
export type StepNode = Node<StepNodeData, 'step'>

export type StepEdgeData = {
  index: number
  port: string
  /** Where the button stands, so that those of edges that meet or part do not cover one another. */
  plus: 'source' | 'target' | 'middle'
  /** Taken or not by the run shown; undefined: no run is shown. */
  taken?: boolean
  /** How many went this way. */
  label?: string
}
export type StepEdge = FlowEdge<StepEdgeData, 'step'>

export interface Shown {
  document: PlaybookDocument
  manifest: Manifest
  places: Places
  problems: ReadonlyMap<string, Problem[]>
  selection: ReadonlySet<string>
  marks: ReadonlyMap<string, StepMark>
  /** The workspace's. */
  timeZone: string
}

const NONE: Problem[] = []

/**
 * Makes nodes from documents, and gives back the same node for as long as nothing it shows has changed: with a
 * thousand steps, one keystroke draws one step again.
 */
export function createNodeMaker(): (shown: Shown) => StepNode[] {
  let kept = new Map<string, { parts: unknown[]; node: StepNode }>()
  return ({ document, manifest, places, problems, selection, marks, timeZone }) => {
    const taken = new Set(edgesOf(document).map((edge) => `${edge.from}\n${edge.port}`))
    const next: typeof kept = new Map()
    const nodes = document.steps.map((step) => {
      const ports = portsOfStep(document, step, manifest)
      const open = ports.filter((port) => !taken.has(`${step.id}\n${port}`))
      const [x, y] = places.get(step.id) ?? step.at ?? [0, 0]
      const own = problems.get(step.id) ?? NONE
      const mark = marks.get(step.id)
      const parts = [
        step,
        manifest,
        x,
        y,
        own,
        mark,
        selection.has(step.id),
        open.join('\n'),
        ports.join('\n'),
        timeZone,
      ]
      const old = kept.get(step.id)
      const node =
        old !== undefined && old.parts.every((part, index) => part === parts[index])
          ? old.node
          : makeNode({
              step,
              manifest,
              at: { x, y },
              problems: own,
              mark,
              selected: selection.has(step.id),
              ports,
              open,
              timeZone,
            })
      next.set(step.id, { parts, node })
      return node
    })
    kept = next
    return nodes
  }
}

function makeNode(shown: {
  step: DocumentStep
  manifest: Manifest
  at: { x: number; y: number }
  problems: Problem[]
  mark: StepMark | undefined
  selected: boolean
  ports: string[]
  open: string[]
  timeZone: string
}): StepNode {
  const { step, manifest, at, problems, mark, selected, ports, open, timeZone } = shown
  const definition = findStep(manifest, step.type)
  const label = labelOf(step, definition)
  const summary = definition === undefined ? `Unknown step ${step.type}` : summaryOf(step, definition, timeZone)
  const width = stepWidth(ports.length)
  const handle = { width: 1, height: 1 }
  return {
    id: step.id,
    type: 'step',
    position: at,
    width,
    height: STEP_HEIGHT,
    selected,
    data: { step, definition, label, summary, ports, open, problems, mark },
    ariaLabel: nodeWords({ label, summary, problems: problems.length, mark }),
    domAttributes: { 'data-step-id': step.id } as StepNode['domAttributes'],
    // Given, not measured: edges are there with the first frame.
    handles: [
      { ...handle, type: 'target', position: Position.Top, x: width / 2, y: 0 },
      ...ports.map((port, index) => ({
        ...handle,
        id: port,
        type: 'source' as const,
        position: Position.Bottom,
        x: portAt(index, ports.length) * width,
        y: STEP_HEIGHT,
      })),
    ],
  }
}

/** Where along the lower edge a port sits, 0 to 1: in the middle of its own share of it, so that names stand apart. */
export const portAt = (index: number, count: number): number => (index + 0.5) / count

function nodeWords(node: { label: string; summary: string; problems: number; mark: StepMark | undefined }): string {
  const parts = [node.label, node.summary === node.label ? '' : node.summary]
  if (node.mark?.status !== undefined) parts.push(node.mark.status)
  if (node.mark?.words !== undefined) parts.push(node.mark.words)
  if (node.mark?.count !== undefined) parts.push(`${counted(node.mark.count, 'run')} here`)
  if (node.problems > 0) parts.push(counted(node.problems, 'problem'))
  return parts.filter((part) => part !== '').join(', ')
}

export function makeEdges(
  document: PlaybookDocument,
  options: {
    selected: ReadonlySet<number>
    taken: ((from: string, port: string, to: string) => boolean) | null
    labels?: ((from: string, port: string) => string | null) | null
  },
): StepEdge[] {
  const edges = edgesOf(document)
  const known = new Set(document.steps.map((step) => step.id))
  const into = Map.groupBy(edges, (edge) => edge.to)
  const outOf = Map.groupBy(edges, (edge) => `${edge.from}\n${edge.port}`)
  return edges
    .filter((edge) => known.has(edge.from) && known.has(edge.to))
    .map((edge) => {
      const meets = (into.get(edge.to)?.length ?? 0) > 1
      const parts = (outOf.get(`${edge.from}\n${edge.port}`)?.length ?? 0) > 1
      const taken = options.taken?.(edge.from, edge.port, edge.to)
      const label = options.labels?.(edge.from, edge.port) ?? null
      return {
        id: `${edge.from}.${edge.port}>${edge.to}`,
        type: 'step',
        source: edge.from,
        sourceHandle: edge.port,
        target: edge.to,
        selected: options.selected.has(edge.index),
        // The button on it is what the keyboard reaches.
        focusable: false,
        className: taken === undefined ? '' : taken ? 'sb-edge-taken' : 'sb-edge-idle',
        data: {
          index: edge.index,
          port: edge.port,
          plus: meets ? (parts ? 'middle' : 'source') : 'target',
          ...(taken !== undefined && { taken }),
          ...(label !== null && { label }),
        },
      }
    })
}
