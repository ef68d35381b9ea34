import { problem } from '../problem.ts'
import type { CustomerKind } from './sort-order.ts'

/** What a table of contacts or accounts can show beside the name: always these, and any property, score or segment. */
const PLAIN = {
  contact: ['id', 'externalId', 'email', 'accounts', 'segments', 'signals', 'createdAt', 'updatedAt', 'lastSeenAt'],
  account: ['id', 'externalId', 'contacts', 'segments', 'signals', 'createdAt', 'updatedAt', 'lastSeenAt'],
} as const
type PlainColumn = (typeof PLAIN)[CustomerKind][number]

export type ListColumn = { name: string } & (
  | { show: 'plain'; column: PlainColumn }
  | { show: 'property'; property: string }
  /** Of the accounts of a contact. */
  | { show: 'accountProperty'; property: string }
  | { show: 'score'; slug: string }
)

export const MOST_COLUMNS = 50

/** @throws ProblemError 400 naming the column that a table of this kind does not have */
export function listColumns(kind: CustomerKind, names: readonly string[]): ListColumn[] {
  return [...new Set(names)].map((name) => {
    const column = columnOf(kind, name)
    if (column === null)
      throw problem(400, 'INPUT_INVALID', {
        detail: `There is no column “${name}” of ${kind}s. Use ${PLAIN[kind].join(', ')}, ${kind}.<property>${kind === 'contact' ? ', account.<property>' : ''} or score.<slug>.`,
        problems: [{ path: 'columns', message: `Unknown: ${name}`, code: 'unknown' }],
      })
    return column
  })
}

function columnOf(kind: CustomerKind, name: string): ListColumn | null {
  const plain = PLAIN[kind].find((column) => column === name)
  if (plain !== undefined) return { name, show: 'plain', column: plain }
  const dot = name.indexOf('.')
  const [root, rest] = [name.slice(0, dot), name.slice(dot + 1)]
  if (dot < 1 || rest === '') return null
  if (root === 'score') return { name, show: 'score', slug: rest }
  if (root === kind) return { name, show: 'property', property: rest }
  if (root === 'account') return { name, show: 'accountProperty', property: rest }
  return null
}
