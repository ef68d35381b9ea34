import type { DocumentStep, PlaybookDocument } from '../../../engine/model/playbook.ts'
import { freeId } from './edit.ts'
import { edgeEnd, edgesOf } from './graph.ts'
import { placesOfPasted } from './pasted-places.ts'
import { renameInInput } from './references.ts'

/** Steps as they travel on the clipboard: JSON text, so that they go into another playbook, an issue or a chat. */
interface Snippet {
  signalbox: 'steps'
  steps: DocumentStep[]
  edges: Array<[string, string]>
}

export interface Pasted {
  document: PlaybookDocument
  ids: string[]
}

/** The chosen steps and the edges between them. */
export function copySteps(document: PlaybookDocument, ids: ReadonlySet<string>): string {
  const snippet: Snippet = {
    signalbox: 'steps',
    steps: document.steps.filter((step) => ids.has(step.id)),
    edges: edgesOf(document).flatMap((edge) => {
      const pair = document.edges[edge.index]
      return pair !== undefined && ids.has(edge.from) && ids.has(edge.to) ? [pair] : []
    }),
  }
  return JSON.stringify(snippet, null, 2)
}

/**
 * Adds what was copied under new ids, its inner edges and inner references kept.
 * @returns null when the text is not copied steps
 */
export function pasteSteps(document: PlaybookDocument, text: string, offset: [number, number]): Pasted | null {
  const snippet = readSnippet(text)
  if (snippet === null) return null
  const taken = new Set(document.steps.map((step) => step.id))
  const names = new Map<string, string>()
  for (const step of snippet.steps) {
    const id = taken.has(step.id) ? freeId(taken, step.type) : step.id
    taken.add(id)
    names.set(step.id, id)
  }
  const inner = edgesOf({ ...document, edges: snippet.edges })
  const places = placesOfPasted(document.steps, { steps: snippet.steps, edges: inner }, offset)
  const steps = snippet.steps.map((step): DocumentStep => {
    const at = places?.get(step.id)
    return {
      ...step,
      id: names.get(step.id) ?? step.id,
      input: renameInInput(step.input, names),
      ...(at && { at }),
    }
  })
  const edges = inner.flatMap((edge): Array<[string, string]> => {
    const from = names.get(edge.from)
    const to = names.get(edge.to)
    return from === undefined || to === undefined ? [] : [[edgeEnd({ step: from, port: edge.port }), to]]
  })
  return {
    document: { ...document, steps: [...document.steps, ...steps], edges: [...document.edges, ...edges] },
    ids: steps.map((step) => step.id),
  }
}

export function duplicateSteps(document: PlaybookDocument, ids: ReadonlySet<string>): Pasted {
  const pasted = pasteSteps(document, copySteps(document, ids), [48, 48])
  if (pasted === null) throw new Error('What was just copied cannot be read: this is a defect of copySteps.')
  return pasted
}

function readSnippet(text: string): Snippet | null {
  if (!text.includes('"signalbox"')) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
  return isSnippet(value) ? value : null
}

function isSnippet(value: unknown): value is Snippet {
  if (!isObject(value) || value.signalbox !== 'steps' || !Array.isArray(value.steps) || !Array.isArray(value.edges))
    return false
  const steps: unknown[] = value.steps
  const edges: unknown[] = value.edges
  return steps.every(isStep) && edges.every(isPair)
}

const isObject = (value: unknown): value is { [key: string]: unknown } =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
const isPair = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((end) => typeof end === 'string')
const isStep = (value: unknown): boolean => {
  if (!isObject(value)) return false
  const { id, type, input, at } = value
  const placed =
    at === undefined || (Array.isArray(at) && at.length === 2 && at.every((n) => typeof n === 'number' && isFinite(n)))
  return typeof id === 'string' && /^[A-Za-z_][\w-]*$/.test(id) && typeof type === 'string' && isObject(input) && placed
}
