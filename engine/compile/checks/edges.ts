import { ONLY_PORT } from '../../../nodes/manifest.ts'
import { type DocumentStep, parseEdgeEnd } from '../../model/playbook.ts'
import type { Problem } from '../../model/problem.ts'
import { listed, meant, problem } from '../context.ts'
import type { StepCheck } from '../step.ts'

/** An edge with its port named, between steps that are there. */
export interface Edge {
  /** Its place in the document. */
  index: number
  from: string
  port: string
  to: string
}

export interface EdgesChecked {
  edges: Edge[]
  problems: Problem[]
}

type Ends = ReadonlyMap<string, StepCheck>

export function checkEdges(edges: readonly unknown[], steps: Ends): EdgesChecked {
  const checked: EdgesChecked = { edges: [], problems: [] }
  const seen = new Set<string>()
  for (const [index, edge] of edges.entries()) {
    const found = checkEdge(edge, index, steps)
    if ('code' in found) {
      checked.problems.push(found)
      continue
    }
    const key = `${found.from}.${found.port}>${found.to}`
    if (seen.has(key))
      checked.problems.push({
        ...problem('EDGE_DUPLICATE', {
          at: `edges.${index}`,
          message: `Two edges lead from ${found.from}.${found.port} to ${found.to}.`,
          fix: 'Remove one.',
        }),
        step: found.from,
      })
    else checked.edges.push(found)
    seen.add(key)
  }
  return checked
}

function checkEdge(edge: unknown, index: number, steps: Ends): Edge | Problem {
  const at = `edges.${index}`
  if (!isPair(edge))
    return problem('EDGE_INVALID', {
      at,
      message: 'An edge is a pair of texts.',
      fix: 'Write ["from", "to"] or ["from.port", "to"].',
    })
  const [fromText, to] = edge
  const { step: from, port } = parseEdgeEnd(fromText)
  for (const id of [from, to])
    if (!steps.has(id))
      return problem('EDGE_INVALID', {
        at,
        message: `There is no step "${id}".${meant(id, steps.keys())}`,
        fix: 'Lead the edge to a step that is there, or remove it.',
      })
  if (steps.get(to)?.definition?.kind === 'trigger')
    return {
      ...problem('TRIGGER_HAS_INCOMING', {
        at,
        message: `"${to}" is a trigger: it starts runs and nothing leads to it.`,
        fix: 'Remove the edge.',
      }),
      step: to,
    }
  const source = steps.get(from)
  // A step of an unknown type has unknown ports; that it is unknown is said already.
  if (!source || source.definition === null) return { index, from, port: port ?? 'out', to }
  return withPort({ index, from, to }, port, source)
}

function withPort(edge: Omit<Edge, 'port'>, port: string | null, { ports, step }: StepCheck): Edge | Problem {
  const [only] = ports
  if (port === null && ports.length === 1 && only !== undefined) return { ...edge, port: only }
  // An action leads on by “out” also where its failure has a port beside it.
  if (port === null && ports.includes(ONLY_PORT)) return { ...edge, port: ONLY_PORT }
  if (port !== null && ports.includes(port)) return { ...edge, port }
  return {
    ...problem('EDGE_PORT_UNKNOWN', {
      at: `edges.${edge.index}`,
      message:
        port === null
          ? `"${edge.from}" has ${ports.length === 0 ? 'no port to leave by' : 'several ports'}.`
          : `"${edge.from}" has no port "${port}".${meant(port, ports)}`,
      fix: ports.length === 0 ? 'Remove the edge: the run ends there.' : `Write ${listed(portsOf(step, ports))}.`,
    }),
    step: edge.from,
  }
}

const portsOf = (step: DocumentStep, ports: readonly string[]): string[] => ports.map((port) => `${step.id}.${port}`)

const isPair = (edge: unknown): edge is [string, string] =>
  Array.isArray(edge) && edge.length === 2 && typeof edge[0] === 'string' && typeof edge[1] === 'string'
