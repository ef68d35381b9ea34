import { createContext, useContext } from 'react'
import type { Manifest } from '../../../nodes/manifest.ts'
import type { CatalogContext } from '../api/types.ts'

/** What there is to build with: the steps, and the workspace's own connections, signals, segments, events, properties. */
export interface Catalog {
  manifest: Manifest
  workspace: CatalogContext
}

export const CatalogReact = createContext<Catalog | null>(null)

export function useCatalog(): Catalog {
  const catalog = useContext(CatalogReact)
  if (catalog === null) throw new Error('This part of the page needs the catalog round it.')
  return catalog
}
