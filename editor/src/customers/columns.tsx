import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'
import type { Json } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import { ago, fullTime } from '../ui/time.tsx'
import { ScoreBadge } from './score-badge.tsx'
import type { CustomerKind } from './table-definition.ts'
import { isTime, ValueText } from './value-text.tsx'

/** A column somebody can choose. */
export interface Choice {
  id: string
  title: string
  group: 'About them' | 'Properties' | 'Of their account' | 'Scores'
  /** Pixels, until somebody draws it. */
  width: number
  right?: boolean
  sortable: boolean
}

const plain = (id: string, title: string, more: Partial<Choice> = {}): Choice => ({
  id,
  title,
  group: 'About them',
  width: 150,
  sortable: false,
  ...more,
})

const PLAIN: { [kind in CustomerKind]: Choice[] } = {
  contact: [
    plain('email', 'E-mail', { width: 205, sortable: true }),
    plain('accounts', 'Account', { width: 150 }),
    plain('signals', 'Signals', { width: 165 }),
    plain('segments', 'Segments', { width: 165 }),
    plain('lastSeenAt', 'Last seen', { width: 130 }),
    plain('createdAt', 'Created', { width: 130, sortable: true }),
    plain('updatedAt', 'Changed', { width: 130, sortable: true }),
    plain('externalId', 'Your id', { sortable: true }),
    plain('id', 'Our id', { width: 290 }),
  ],
  account: [
    plain('contacts', 'Contacts', { width: 90, right: true }),
    plain('signals', 'Signals', { width: 165 }),
    plain('segments', 'Segments', { width: 165 }),
    plain('lastSeenAt', 'Last seen', { width: 130 }),
    plain('createdAt', 'Created', { width: 130, sortable: true }),
    plain('updatedAt', 'Changed', { width: 130, sortable: true }),
    plain('externalId', 'Your id', { sortable: true }),
    plain('id', 'Our id', { width: 290 }),
  ],
}

/** Names that have a column of their own, though rules read them as properties. */
const NAMED = new Set([
  'contact.id',
  'contact.externalId',
  'contact.name',
  'contact.email',
  'account.id',
  'account.externalId',
])

/**
 * Everything a table of this kind can show, as far as this workspace has it.
 * @param wanted false: not yet, so that the first rows do not wait for it
 */
export function useChoices(kind: CustomerKind, wanted: boolean): Choice[] {
  const { data } = useQuery({ ...trpc.catalog.context.queryOptions(), staleTime: 30_000, enabled: wanted })
  return useMemo(() => {
    const properties = (data?.properties ?? []).filter(({ path }) => !NAMED.has(path))
    const of = (root: string, group: Choice['group'], sortable: boolean): Choice[] =>
      properties
        .filter(({ path }) => path.startsWith(`${root}.`))
        .map(({ path, type }) => ({
          id: path,
          title: path.slice(root.length + 1),
          group,
          width: type === 'number' || type === 'boolean' ? 110 : 150,
          ...(type === 'number' && { right: true }),
          sortable,
        }))
    const own = of(kind, 'Properties', true).filter(({ id }) => id !== 'account.name')
    return [...PLAIN[kind], ...own, ...(kind === 'contact' ? of('account', 'Of their account', false) : [])]
  }, [data, kind])
}

/** A column that is chosen though nobody knows it now: a property that nobody has any more, a score that was deleted. */
export function choiceOf(id: string, choices: readonly Choice[]): Choice {
  const known = choices.find((choice) => choice.id === id)
  if (known !== undefined) return known
  const [root, ...rest] = id.split('.')
  if (root === 'score') return { id, title: rest.join('.'), group: 'Scores', width: 120, sortable: true }
  return { id, title: rest.length === 0 ? id : rest.join('.'), group: 'Properties', width: 150, sortable: false }
}

const isObject = (value: Json | undefined): value is { [name: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** What stands in a cell. */
export function cellOf(id: string, value: Json | undefined): ReactNode {
  if (value === undefined || value === null) return <span className="sb-nothing">–</span>
  if (id.startsWith('score.')) return <ScoreBadge value={value} />
  if (id === 'segments' || id === 'signals') return <Members kind={id} value={value} />
  if (id === 'accounts') return <Accounts value={value} />
  if (typeof value === 'string' && isTime(value))
    return (
      // Not the one that ticks, with its tooltip: there are hundreds, and they fly by.
      <time className="sb-nothing" dateTime={value} title={fullTime(value)}>
        {ago(value, Date.now())}
      </time>
    )
  return <ValueText value={value} />
}

/** As many as a line holds. */
const SHOWN = 2

function Members({ kind, value }: { kind: 'segments' | 'signals'; value: Json }) {
  const list = Array.isArray(value) ? value.filter(isObject) : []
  if (list.length === 0) return <span className="sb-nothing">–</span>
  const names = list.map(({ name }) => String(name))
  return (
    <span className="sb-chips" title={names.join(', ')}>
      {names.slice(0, SHOWN).map((name) => (
        <span key={name} className="sb-chip" data-kind={kind}>
          {name}
        </span>
      ))}
      {names.length > SHOWN && <span className="sb-more">+{names.length - SHOWN}</span>}
    </span>
  )
}

function Accounts({ value }: { value: Json }) {
  const list = Array.isArray(value) ? value.filter(isObject) : []
  if (list.length === 0) return <span className="sb-nothing">–</span>
  return list.map(({ id, label }, index) => (
    <span key={String(id)}>
      {index > 0 && ', '}
      <Link to="/accounts/$id" params={{ id: String(id) }} className="sb-quiet-link">
        {String(label)}
      </Link>
    </span>
  ))
}
