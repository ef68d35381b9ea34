import { createContext, useContext } from 'react'
import { createStore, type StoreApi, useStore } from 'zustand'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { Anchor } from '../canvas/canvas-actions.ts'
import type { PortRef } from '../document/graph.ts'
import { type History, record, redo, startHistory, undo } from '../document/history.ts'

/** What the step picker is open for. */
export type PickerFor =
  | { kind: 'after'; from: PortRef; anchor: Anchor }
  | { kind: 'edge'; index: number; anchor: Anchor }
  /** Nothing leads to it yet: the first step, or one put on the blank canvas. */
  | { kind: 'free'; at: [number, number]; anchor: Anchor }

export type SidePanel = 'inspector' | 'dryRun' | 'backtest' | 'tests'

export interface EditorState {
  history: History<PlaybookDocument>
  selection: ReadonlySet<string>
  selectedEdges: ReadonlySet<number>
  picker: PickerFor | null
  /** Just added: what it still lacks is no reproach until it was left once. */
  fresh: string | null
  panel: SidePanel
  /** A field to go to: a problem was clicked. `count` makes asking twice for the same field work. */
  jump: { step: string | null; field: string | null; count: number } | null
  /** @param group changes of one group in quick succession are one step back, e.g. `tag.input.name` */
  change(edit: (document: PlaybookDocument) => PlaybookDocument, group?: string): void
  undo(): void
  redo(): void
  select(ids: Iterable<string>): void
  /** Selects a step that was just added. */
  selectFresh(id: string): void
  selectEdges(indexes: Iterable<number>): void
  openPicker(picker: PickerFor | null): void
  openPanel(panel: SidePanel): void
  jumpTo(step: string | null, field: string | null): void
  /** Another's draft takes the place of ours; the way back is cut. */
  replace(document: PlaybookDocument): void
}

export type EditorStore = StoreApi<EditorState>

const NOTHING: ReadonlySet<never> = new Set()

export function createEditorStore(document: PlaybookDocument): EditorStore {
  return createStore<EditorState>((set) => ({
    history: startHistory(document),
    selection: NOTHING,
    selectedEdges: NOTHING,
    picker: null,
    fresh: null,
    panel: 'inspector',
    jump: null,
    change: (edit, group) =>
      set((state) => ({
        history: record(state.history, edit(state.history.present), { group: group ?? null, now: Date.now() }),
        selectedEdges: state.selectedEdges.size === 0 ? state.selectedEdges : NOTHING,
      })),
    undo: () => set((state) => keepSelection(state, undo(state.history))),
    redo: () => set((state) => keepSelection(state, redo(state.history))),
    select: (ids) =>
      set((state) => {
        const selection = new Set(ids)
        const fresh = state.fresh !== null && selection.has(state.fresh) ? state.fresh : null
        return { selection, fresh, selectedEdges: NOTHING, panel: 'inspector' }
      }),
    selectFresh: (id) => set({ selection: new Set([id]), fresh: id, selectedEdges: NOTHING, panel: 'inspector' }),
    selectEdges: (indexes) => set({ selectedEdges: new Set(indexes) }),
    openPicker: (picker) => set({ picker }),
    openPanel: (panel) => set({ panel }),
    jumpTo: (step, field) =>
      set((state) => ({
        jump: { step, field, count: (state.jump?.count ?? 0) + 1 },
        fresh: null,
        selection: step === null ? NOTHING : new Set([step]),
        panel: 'inspector',
      })),
    replace: (next) => set({ history: startHistory(next), selection: NOTHING, selectedEdges: NOTHING }),
  }))
}

/** Selection stands outside the history, but never names what is no longer there. */
function keepSelection(state: EditorState, history: History<PlaybookDocument>): Partial<EditorState> {
  const ids = new Set(history.present.steps.map((step) => step.id))
  return { history, selection: new Set([...state.selection].filter((id) => ids.has(id))), selectedEdges: NOTHING }
}

export const EditorStoreContext = createContext<EditorStore | null>(null)

export function useEditorStore(): EditorStore {
  const store = useContext(EditorStoreContext)
  if (store === null) throw new Error('This part of the page stands inside a playbook editor.')
  return store
}

export const useEditor = <T>(select: (state: EditorState) => T): T => useStore(useEditorStore(), select)
export const useDraft = (): PlaybookDocument => useEditor((state) => state.history.present)
