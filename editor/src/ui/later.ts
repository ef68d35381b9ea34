import { useSyncExternalStore } from 'react'
import { failed } from './toast.ts'

/**
 * A part of the app that the first look does without: it is fetched once something that uses it was painted.
 * @returns a hook that gives the part, null until it is there or while it is not `wanted`
 */
export function later<Part>(load: () => Promise<Part>): (wanted?: boolean) => Part | null {
  let part: Part | null = null
  let asked = false
  const listeners = new Set<() => void>()
  const ask = async () => {
    if (asked) return
    asked = true
    try {
      part = await load()
      for (const tell of listeners) tell()
    } catch (error) {
      // Whoever needs it next asks again.
      asked = false
      failed(error)
    }
  }
  const subscribe = (listener: () => void) => {
    listeners.add(listener)
    if (!asked) afterPaint(() => void ask())
    return () => void listeners.delete(listener)
  }
  const read = () => part
  return (wanted = true) => useSyncExternalStore(wanted ? subscribe : never, read, read)
}

const never = () => () => {}

/** A frame is painted after its callbacks; a tab in the background paints none, and has no hurry. */
const afterPaint = (run: () => void) => requestAnimationFrame(() => setTimeout(run))
