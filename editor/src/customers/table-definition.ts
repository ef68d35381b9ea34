import type { Rule } from '../../../engine/model/rule.ts'
import type { ViewDefinition } from '../../../api/views/view-schemas.ts'

export type CustomerKind = 'contact' | 'account'

/** What a table shows of whom before anybody has changed it. */
export const DEFAULTS: { [kind in CustomerKind]: ViewDefinition } = {
  contact: {
    filter: null,
    columns: ['email', 'accounts', 'signals', 'segments', 'lastSeenAt', 'createdAt'].map((id) => ({ id })),
    sort: '-updatedAt',
  },
  account: {
    filter: null,
    columns: ['account.plan', 'account.mrr', 'contacts', 'signals', 'segments', 'lastSeenAt'].map((id) => ({ id })),
    sort: '-updatedAt',
  },
}

export const sameDefinition = (a: ViewDefinition, b: ViewDefinition): boolean =>
  JSON.stringify(inOrder(a)) === JSON.stringify(inOrder(b))

const inOrder = ({ filter, columns, sort }: ViewDefinition) => [
  filter,
  columns.map(({ id, width }) => [id, width ?? null]),
  sort,
]

/** `-name` as what it is by and which way. */
export const readSort = (sort: string): { by: string; descending: boolean } =>
  sort.startsWith('-') ? { by: sort.slice(1), descending: true } : { by: sort, descending: false }
export const writeSort = (by: string, descending: boolean): string => (descending ? `-${by}` : by)

type Columns = ViewDefinition['columns']

export const withWidth = (columns: Columns, id: string, width: number): Columns =>
  columns.map((column) => (column.id === id ? { ...column, width } : column))

/** @param before the column it comes to stand before; null: at the end */
export function moved(columns: Columns, id: string, before: string | null): Columns {
  const column = columns.find((one) => one.id === id)
  if (column === undefined || id === before) return columns
  const rest = columns.filter((one) => one.id !== id)
  const at = before === null ? rest.length : rest.findIndex((one) => one.id === before)
  return at < 0 ? columns : [...rest.slice(0, at), column, ...rest.slice(at)]
}

export const toggled = (columns: Columns, id: string): Columns =>
  columns.some((column) => column.id === id) ? columns.filter((column) => column.id !== id) : [...columns, { id }]

/** What was kept in the browser, or null where it is none of ours: somebody else may have written it. */
export function readDefinition(text: string | null): ViewDefinition | null {
  if (text === null) return null
  const value: unknown = parsed(text)
  if (!isObject(value) || typeof value.sort !== 'string' || !Array.isArray(value.columns)) return null
  const columns = value.columns.filter(isObject).flatMap(({ id, width }) => {
    if (typeof id !== 'string') return []
    return [typeof width === 'number' ? { id, width } : { id }]
  })
  // Whether the rule is one is the server's to say.
  const filter = isObject(value.filter) ? (value.filter as unknown as Rule) : null
  return { filter, columns, sort: value.sort }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

const isObject = (value: unknown): value is { [name: string]: unknown } =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
