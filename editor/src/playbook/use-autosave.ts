import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { trpc, trpcClient } from '../api/client.ts'
import { Autosave, type SaveState, type StoredDraft } from './autosave.ts'
import type { EditorStore } from './store.ts'

/** Everything the page needs to know and do about saving. */
export interface Saving {
  state: SaveState
  /** @returns the revision that has everything, or null when it could not be saved */
  flush(): Promise<number | null>
  settle(keep: 'mine' | 'theirs'): Promise<void>
}

async function loadDraft(slug: string): Promise<StoredDraft> {
  const { document, draftRevision } = await trpcClient.playbooks.get.query({ slug })
  return { document, revision: draftRevision }
}

export function useAutosave(store: EditorStore, slug: string, revision: number): Saving {
  const client = useQueryClient()
  const [state, setState] = useState<SaveState>({ kind: 'saved' })
  const [autosave, setAutosave] = useState<Autosave | null>(null)
  useEffect(() => {
    const made = new Autosave(store, revision, {
      load: () => loadDraft(slug),
      save: (document, stands) => trpcClient.playbooks.save.mutate({ slug, document, revision: stands }),
      onState: setState,
    })
    setAutosave(made)
    const leave = (event: BeforeUnloadEvent) => {
      if (made.dirty) event.preventDefault()
    }
    window.addEventListener('beforeunload', leave)
    return () => {
      window.removeEventListener('beforeunload', leave)
      // The list and a later visit must not show what the cache still has.
      void made.close().then(() => client.invalidateQueries({ queryKey: trpc.playbooks.pathKey() }))
    }
    // The revision is where it starts from; the autosave itself counts on.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [store, slug])
  return useMemo(
    () => ({
      state,
      flush: async () => {
        if (autosave === null) return revision
        return (await autosave.flush()) ? autosave.revision : null
      },
      settle: async (keep) => {
        await autosave?.settle(await loadDraft(slug), keep)
      },
    }),
    [state, autosave, slug, revision],
  )
}
