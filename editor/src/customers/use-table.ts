import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { SavedView, ViewDefinition } from '../../../api/views/view-schemas.ts'
import { trpc } from '../api/client.ts'
import { type CustomerKind, DEFAULTS, readDefinition, sameDefinition } from './table-definition.ts'

/** What a table shows now: a saved view or “All”, with what this person has changed of it and not saved. */
export interface Table {
  kind: CustomerKind
  views: SavedView[]
  /** Null: All. */
  view: SavedView | null
  /** The view in the address is not there (any more). */
  lost: boolean
  ready: boolean
  definition: ViewDefinition
  changed: boolean
  search: string
  change: (part: Partial<ViewDefinition>) => void
  /** Back to what was saved. */
  reset: () => void
  /** Takes what is shown along to another view: it was saved as that. */
  savedAs: (id: string) => void
  open: (id: string | null) => void
  setSearch: (search: string) => void
}

/** What somebody has changed of a view stays in their browser until it is saved or taken back. */
export function useTable(kind: CustomerKind): Table {
  const { view: viewId, q: search = '' } = useSearch({ from: kind === 'contact' ? '/app/contacts' : '/app/accounts' })
  const navigate = useNavigate()
  const { data: session } = useSuspenseQuery(trpc.session.me.queryOptions())
  const views = useQuery({ ...trpc.views.list.queryOptions({ subject: kind }), staleTime: 30_000 })
  const list = views.data?.data ?? []
  const view = list.find(({ id }) => id === viewId) ?? null
  const key = `signalbox.table.${session.workspace.id}.${session.user.id}.${kind}.${viewId ?? 'all'}`
  const saved = view?.definition ?? DEFAULTS[kind]
  const [, changedNow] = useState(0)
  const definition = readDefinition(localStorage.getItem(key)) ?? saved
  const keep = (next: ViewDefinition | null) => {
    if (next === null || sameDefinition(next, saved)) localStorage.removeItem(key)
    else localStorage.setItem(key, JSON.stringify(next))
    changedNow((times) => times + 1)
  }
  const go = (to: { view?: string | undefined; q?: string | undefined }, replace: boolean) =>
    void navigate({
      to: kind === 'contact' ? '/contacts' : '/accounts',
      search: {
        ...(to.view !== undefined && { view: to.view }),
        ...(to.q !== undefined && to.q !== '' && { q: to.q }),
      },
      replace,
    })
  return {
    kind,
    views: list,
    view,
    lost: viewId !== undefined && views.isSuccess && view === null,
    ready: viewId === undefined || !views.isPending,
    definition,
    changed: !sameDefinition(definition, saved),
    search,
    change: (part) => keep({ ...definition, ...part }),
    reset: () => keep(null),
    savedAs: (id) => {
      keep(null)
      go({ view: id, q: search }, true)
    },
    open: (id) => go({ view: id ?? undefined, q: search }, false),
    setSearch: (q) => go({ view: viewId, q }, true),
  }
}
