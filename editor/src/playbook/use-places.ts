import { useEffect, useMemo, useState } from 'react'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { Places } from '../document/layout.ts'
import { layoutInput, tidy, WORKER_FROM } from '../document/tidy.ts'
import { later } from '../ui/later.ts'
import { failed } from '../ui/toast.ts'
import { useCatalog } from './catalog-context.ts'

/** What is drawn here has its places; only other documents need them worked out. */
const useLayout = later(() => import('../document/layout-graph.ts'))

/**
 * Where each step is drawn: as the document says, and where it says nothing (one made by the API, say) as the layout
 * finds. Nothing is written into the document by looking at it.
 * @returns null while a graph is being laid out: drawn all in one place it would only cost time
 */
export function usePlaces(document: PlaybookDocument): Places | null {
  const { manifest } = useCatalog()
  const placed = document.steps.every((step) => step.at !== undefined)
  const large = document.steps.length >= WORKER_FROM
  const layout = useLayout(!placed && !large)
  const here = useMemo(
    () => (placed || large || layout === null ? null : layout.layoutGraph(layoutInput(document, manifest))),
    [placed, large, layout, document, manifest],
  )
  const [there, setThere] = useState<Places | null>(null)
  useEffect(() => {
    if (placed || !large) return
    let current = true
    tidy(document, manifest).then((places) => {
      if (current) setThere(places)
    }, failed)
    return () => {
      current = false
    }
  }, [document, manifest, placed, large])
  return useMemo(() => {
    const found = here ?? there
    if (!placed && found === null) return null
    return new Map(document.steps.map((step) => [step.id, step.at ?? found?.get(step.id) ?? [0, 0]]))
  }, [document, placed, here, there])
}
