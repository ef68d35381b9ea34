import { createContext, useContext } from 'react'
import type { Json } from '../../../nodes/manifest.ts'

/** Renames a way out together with its edges, as one change; the second argument is what its field then holds. */
export type PortRename = (names: { from: string; to: string }, change: { field: string; value: Json }) => void

export const PortRenameContext = createContext<PortRename>(() => {})
export const usePortRename = (): PortRename => useContext(PortRenameContext)
