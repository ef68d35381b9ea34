import { useEffect } from 'react'
import { copySteps, duplicateSteps, pasteSteps } from '../document/clipboard.ts'
import { disconnect, firstOpenPort, removeSteps } from '../document/edit.ts'
import { failed, said } from '../ui/toast.ts'
import { useCatalog } from './catalog-context.ts'
import { type EditorStore, useEditorStore } from './store.ts'
import type { Saving } from './use-autosave.ts'

/** Keys of the editor. Inside inputs they mean what they always mean there. */
export function useShortcuts(saving: Saving): void {
  const store = useEditorStore()
  const { manifest } = useCatalog()
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') {
        event.preventDefault()
        void saving.flush()
        return
      }
      if (event.defaultPrevented || isTyping(event.target) || dialogOpen()) return
      if (runShortcut(store, event)) event.preventDefault()
      else if (event.key.toLowerCase() === 'a' && !event.ctrlKey && !event.metaKey) {
        if (openPickerAfterSelected(store, (id) => firstOpenPort(store.getState().history.present, id, manifest)))
          event.preventDefault()
      }
    }
    const onCopy = (event: ClipboardEvent) => {
      const { selection, history } = store.getState()
      if (isTyping(event.target) || selection.size === 0 || !window.getSelection()?.isCollapsed) return
      event.clipboardData?.setData('text/plain', copySteps(history.present, selection))
      event.preventDefault()
      said(selection.size === 1 ? 'Copied 1 step.' : `Copied ${selection.size} steps.`)
      if (event.type === 'cut') remove(store)
    }
    const onPaste = (event: ClipboardEvent) => {
      if (isTyping(event.target)) return
      const text = event.clipboardData?.getData('text/plain') ?? ''
      const pasted = pasteSteps(store.getState().history.present, text, [48, 48])
      if (pasted === null) {
        if (text.includes('"signalbox"')) failed(new Error('The copied steps are damaged. Copy them again.'))
        return
      }
      event.preventDefault()
      store.getState().change(() => pasted.document)
      store.getState().select(pasted.ids)
    }
    window.addEventListener('keydown', onKeyDown)
    window.addEventListener('copy', onCopy)
    window.addEventListener('cut', onCopy)
    window.addEventListener('paste', onPaste)
    return () => {
      window.removeEventListener('keydown', onKeyDown)
      window.removeEventListener('copy', onCopy)
      window.removeEventListener('cut', onCopy)
      window.removeEventListener('paste', onPaste)
    }
  }, [store, saving, manifest])
}

/** @returns whether the key meant something */
function runShortcut(store: EditorStore, event: KeyboardEvent): boolean {
  const { getState } = store
  const command = event.ctrlKey || event.metaKey
  const key = event.key.toLowerCase()
  if (command && key === 'z') {
    if (event.shiftKey) getState().redo()
    else getState().undo()
  } else if (command && key === 'y') getState().redo()
  else if (command && key === 'a') getState().select(getState().history.present.steps.map((step) => step.id))
  else if (command && key === 'd' && getState().selection.size > 0) {
    const { document, ids } = duplicateSteps(getState().history.present, getState().selection)
    getState().change(() => document)
    getState().select(ids)
  } else if (!command && (event.key === 'Delete' || event.key === 'Backspace')) return remove(store)
  else if (event.key === 'Escape') getState().select([])
  else return false
  return true
}

function remove(store: EditorStore): boolean {
  const { selection, selectedEdges, change, select, selectEdges } = store.getState()
  if (selection.size === 0 && selectedEdges.size === 0) return false
  // Edges first: their places in the document are still those that were chosen.
  change((document) => removeSteps(disconnect(document, [...selectedEdges]), [...selection]))
  select([])
  selectEdges([])
  return true
}

/** `A` adds after the chosen step, where the keyboard is. */
function openPickerAfterSelected(store: EditorStore, portOf: (id: string) => string | null): boolean {
  const [step, ...more] = store.getState().selection
  if (step === undefined || more.length > 0) return false
  const port = portOf(step)
  if (port === null) return false
  const node = document.querySelector(`.react-flow__node[data-id="${CSS.escape(step)}"]`)
  const box = node?.getBoundingClientRect()
  store.getState().openPicker({
    kind: 'after',
    from: { step, port },
    anchor: { x: box?.left ?? window.innerWidth / 2, y: box?.bottom ?? 200 },
  })
  return true
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))

const dialogOpen = (): boolean => document.querySelector('[role="dialog"]') !== null
