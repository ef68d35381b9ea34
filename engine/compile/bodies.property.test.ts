import fc from 'fast-check'
import { expect, it } from 'vitest'
import { manifest } from '../../test/helpers/manifest.ts'
import { findStep } from '../../nodes/manifest.ts'
import { ITEM_PORT } from '../model/plan.ts'
import { bodiesOf } from './bodies.ts'
import { graphOf } from './graph.ts'

const LIST = findStep(manifest, 'flow.forEach') ?? null
const OTHER = findStep(manifest, 'flow.delay') ?? null

/** Edges lead forward; a list has two ports, anything else one. */
const drawings = fc
  .array(fc.record({ isList: fc.boolean(), from: fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 2 }) }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((steps) => {
    const edges = steps.flatMap(({ from }, to) =>
      to === 0
        ? []
        : from.map(([n, items]) => {
            const at = n % to
            return { from: `s${at}`, port: items && steps[at]?.isList ? ITEM_PORT : 'out', to: `s${to}` }
          }),
    )
    return { lists: steps.map(({ isList }) => isList), edges: edges.map((edge, index) => ({ ...edge, index })) }
  })

it('every edge of a drawing without problems stays among the steps of one item, or leads into them by “item”', () => {
  let nested = 0
  fc.assert(
    fc.property(drawings, ({ lists, edges }) => {
      const ids = lists.map((_, i) => `s${i}`)
      const graph = graphOf(ids, edges)
      const { within, problems } = bodiesOf(
        graph,
        lists.map((isList) => ({ definition: isList ? LIST : OTHER })),
      )
      const at = (id: string) => ids.indexOf(id)
      const leaves = edges.filter(
        ({ from, port, to }) => within[at(to)] !== (port === ITEM_PORT ? at(from) : within[at(from)]),
      )
      // What leads elsewhere is said of that very edge, and nothing else is.
      expect(new Set(problems.map(({ path }) => path))).toEqual(new Set(leaves.map(({ index }) => `edges.${index}`)))
      if (problems.length === 0 && within.some((list) => list !== null && within[list] !== null)) nested += 1
    }),
    { numRuns: 3_000 },
  )
  expect(nested).toBeGreaterThan(5)
})
