import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams, useSearch } from '@tanstack/react-router'
import { ReactFlowProvider } from '@xyflow/react'
import { useEffect, useMemo, useState } from 'react'
import { trpc } from '../api/client.ts'
import type { PlaybookDetail } from '../api/types.ts'
import { useDocumentTitle } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { type Catalog, CatalogReact } from './catalog-context.ts'
import { EditorLayout } from './editor-layout.tsx'
import './playbook.css'
import { createEditorStore, EditorStoreContext } from './store.ts'
import { useAutosave } from './use-autosave.ts'
import { VersionView } from './version-view.tsx'

/** The editor of one playbook, or a published version of it to look at. */
export function PlaybookPage() {
  const { slug } = useParams({ from: '/app/playbooks/$slug' })
  const { version } = useSearch({ from: '/app/playbooks/$slug' })
  const manifest = useQuery({ ...trpc.catalog.manifest.queryOptions(), staleTime: Number.POSITIVE_INFINITY })
  const workspace = useQuery({ ...trpc.catalog.context.queryOptions(), staleTime: 15_000 })
  const playbook = useQuery({
    ...trpc.playbooks.get.queryOptions({ slug, ...(version !== undefined && { version }) }),
    // The store is the truth while the editor is open.
    refetchOnWindowFocus: false,
  })
  useDocumentTitle(playbook.data?.name ?? 'Playbook')
  const catalog = useMemo(
    (): Catalog | null =>
      manifest.data === undefined || workspace.data === undefined
        ? null
        : { manifest: manifest.data, workspace: workspace.data },
    [manifest.data, workspace.data],
  )
  // The draft opens on a fresh answer; later ones (publishing asks again) must not close it and lose its undo history.
  const settled = playbook.data !== undefined && !(playbook.isStale && playbook.isFetching)
  const [opened, setOpened] = useState<string | null>(null)
  const open = version === undefined && (settled || opened === slug) ? slug : null
  if (open !== opened) setOpened(open)
  const broken = [playbook, manifest, workspace].find((query) => query.isError && query.data === undefined)
  if (broken !== undefined)
    return (
      <div className="sb-page">
        <ProblemPanel error={broken.error} retry={() => void broken.refetch()} />
      </div>
    )
  if (catalog === null || playbook.data === undefined || (version === undefined && open === null))
    return <EditorSkeleton />
  return (
    <CatalogReact value={catalog}>
      <ReactFlowProvider>
        {version === undefined ? (
          <Editor key={slug} playbook={playbook.data} />
        ) : (
          <VersionView key={`${slug} ${version}`} playbook={playbook.data} version={version} />
        )}
      </ReactFlowProvider>
    </CatalogReact>
  )
}

function Editor({ playbook }: { playbook: PlaybookDetail }) {
  const [store] = useState(() => createEditorStore(playbook.document))
  const saving = useAutosave(store, playbook.slug, playbook.draftRevision)
  const { step } = useSearch({ from: '/app/playbooks/$slug' })
  useEffect(() => {
    if (step !== undefined) store.getState().select([step])
  }, [store, step])
  return (
    <EditorStoreContext value={store}>
      <EditorLayout slug={playbook.slug} saving={saving} />
    </EditorStoreContext>
  )
}

function EditorSkeleton() {
  return (
    <div className="sb-editor" aria-busy="true" aria-label="Loading the playbook">
      <div className="sb-editor-bar">
        <Skeleton height={24} width={220} />
      </div>
      <div className="sb-editor-main">
        <Skeleton height="100%" radius={0} />
      </div>
    </div>
  )
}
