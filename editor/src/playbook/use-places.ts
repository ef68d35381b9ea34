import { useEffect, useMemo, useState } from 'react'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { Places } from '../document/layout.ts'
import { tidy } from '../document/tidy.ts'
import { failed } from '../ui/toast.ts'
import { useCatalog } from './catalog-context.ts'

const NONE: Places = new Map()

/**
 * Where each step is drawn: as the document says, and where it says nothing for any step (one made by the API, say) as
 * the layout finds. Nothing is written into the document by looking at it.
 */
export function usePlaces(document: PlaybookDocument): Places {
  const { manifest } = useCatalog()
  const placed = document.steps.every((step) => step.at !== undefined)
  const [laidOut, setLaidOut] = useState(NONE)
  useEffect(() => {
    if (placed) return
    let current = true
    tidy(document, manifest).then((places) => {
      if (current) setLaidOut(places)
    }, failed)
    return () => {
      current = false
    }
  }, [document, manifest, placed])
  return useMemo(
    () => new Map(document.steps.map((step) => [step.id, step.at ?? laidOut.get(step.id) ?? [0, 0]])),
    [document, laidOut],
  )
}
