import type { Rule } from '../../../engine/model/rule.ts'
import type { Json } from '../../../nodes/manifest.ts'

/** One way out of a branch, as its input holds it. */
export interface Case {
  port: string
  if: Rule
}

/** The cases of a branch's input; parts that are none are left out of the drawing (compile names them). */
export function casesOf(value: Json | undefined): Case[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((item) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item)) return []
    const { port, if: rule } = item
    if (typeof port !== 'string') return []
    const known = rule !== null && typeof rule === 'object' && !Array.isArray(rule)
    return [{ port, if: known ? (rule as unknown as Rule) : { all: [] } }]
  })
}

export const casesValue = (cases: readonly Case[]): Json => cases as unknown as Json

export function freePort(cases: readonly Case[]): string {
  const taken = new Set(cases.map(({ port }) => port))
  let n = cases.length + 1
  while (taken.has(`case-${n}`)) n += 1
  return `case-${n}`
}
