import { createContext, useContext } from 'react'
import type { Json } from '../../../nodes/manifest.ts'

/** Renames a way out together with its edges, as one change; the second argument is the field's new value. */
export type PortRename = (names: { from: string; to: string }, cases: Json) => void

export const PortRenameContext = createContext<PortRename>(() => {})
export const usePortRename = (): PortRename => useContext(PortRenameContext)
