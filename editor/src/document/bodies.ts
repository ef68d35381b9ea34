import { bodiesOf } from '../../../engine/compile/bodies.ts'
import { graphOf } from '../../../engine/compile/graph.ts'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { findStep, type Manifest } from '../../../nodes/manifest.ts'
import { readEdge } from './graph.ts'

/** A list and the steps that run for each of its items, those of lists within it too. */
export interface Body {
  list: string
  steps: string[]
}

interface Within {
  ids: string[]
  /** By step: the list around it. */
  lists: ReadonlyArray<number | null>
}

const kept = new WeakMap<PlaybookDocument['edges'], { steps: PlaybookDocument['steps']; within: Within }>()

/** As the compiler sees it; kept for as long as the drawing stays the same. */
function withinOf({ steps, edges }: PlaybookDocument, manifest: Manifest): Within {
  const known = kept.get(edges)
  if (known !== undefined && sameTypes(known.steps, steps)) return known.within
  const graph = graphOf(
    steps.map(({ id }) => id),
    edges.map(readEdge),
  )
  const { within } = bodiesOf(
    graph,
    steps.map(({ type }) => ({ definition: findStep(manifest, type) ?? null })),
  )
  const made = { ids: graph.ids, lists: within }
  kept.set(edges, { steps, within: made })
  return made
}

const sameTypes = (a: PlaybookDocument['steps'], b: PlaybookDocument['steps']): boolean =>
  a === b || (a.length === b.length && a.every(({ id, type }, i) => id === b[i]?.id && type === b[i].type))

/** The innermost list for whose items a step runs; null: it runs once. */
export function listAround(document: PlaybookDocument, step: string, manifest: Manifest): string | null {
  const { ids, lists } = withinOf(document, manifest)
  const list = lists[ids.indexOf(step)] ?? null
  return list === null ? null : (ids[list] ?? null)
}

/** Outer lists before those within them. */
export function bodiesIn(document: PlaybookDocument, manifest: Manifest): Body[] {
  const { ids, lists } = withinOf(document, manifest)
  const bodies = new Map<number, string[]>()
  for (const [at, id] of ids.entries())
    for (let list = lists[at] ?? null; list !== null; list = lists[list] ?? null) {
      const steps = bodies.get(list) ?? []
      steps.push(id)
      bodies.set(list, steps)
    }
  return [...bodies]
    .map(([list, steps]) => ({ list: ids[list] ?? '', steps }))
    .toSorted((a, b) => b.steps.length - a.steps.length)
}
