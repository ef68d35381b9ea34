import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { readProblem, type ShownProblem } from '../api/problem.ts'
import { sameDocument } from '../document/changes.ts'
import type { EditorStore } from './store.ts'

/** How the draft stands with the server; the bar says it in words. */
export type SaveState =
  | { kind: 'saved' }
  /** Changed here, to be sent in a moment. */
  | { kind: 'dirty' }
  | { kind: 'saving' }
  /** Someone saved meanwhile: a person decides whose draft stays. */
  | { kind: 'conflict' }
  | { kind: 'failed'; problem: ShownProblem }

/** The draft as the server has it. */
export interface StoredDraft {
  document: PlaybookDocument
  revision: number
}

export interface AutosavePorts {
  load(): Promise<StoredDraft>
  save(document: PlaybookDocument, revision: number): Promise<{ revision: number }>
  onState(state: SaveState): void
}

/** Milliseconds of quiet after which a change is saved. */
const QUIET_MS = 600
/** After a lost connection, how soon it is tried again by itself. */
const AGAIN_MS = 4000

/** Keeps the draft on the server in step with the editor: one save at a time, each standing on the last one's revision. */
export class Autosave {
  #store: EditorStore
  #ports: AutosavePorts
  #revision: number
  /** What the server is known to have; null while an answer is missing. */
  #saved: PlaybookDocument | null
  /** Sent, and perhaps taken: the answer was lost. */
  #unanswered: PlaybookDocument | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #running: Promise<boolean> | null = null
  #blocked = false
  #unsubscribe: () => void

  constructor(store: EditorStore, revision: number, ports: AutosavePorts) {
    this.#store = store
    this.#ports = ports
    this.#revision = revision
    this.#saved = store.getState().history.present
    this.#unsubscribe = store.subscribe((state, before) => {
      if (state.history.present !== before.history.present) this.#changed()
    })
  }

  /** Of the draft on the server, as far as is known here. */
  get revision(): number {
    return this.#revision
  }

  get dirty(): boolean {
    return this.#store.getState().history.present !== this.#saved
  }

  #changed(): void {
    if (this.#blocked) return
    // A save under way says by itself what is left to do when it ends.
    if (this.#running === null) this.#ports.onState({ kind: this.dirty ? 'dirty' : 'saved' })
    if (this.dirty) this.#schedule(QUIET_MS)
    else clearTimeout(this.#timer)
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.flush(), ms)
  }

  /** Saves what is not saved yet. @returns whether everything is on the server now */
  async flush(): Promise<boolean> {
    clearTimeout(this.#timer)
    while (this.#running !== null) await this.#running
    if (this.#blocked) return false
    if (!this.dirty) return true
    this.#running = this.#saveOnce()
    const ok = await this.#running
    this.#running = null
    // Typed on while it was sent: what is newer follows.
    return ok && this.dirty ? this.flush() : ok
  }

  async #saveOnce(): Promise<boolean> {
    const document = this.#store.getState().history.present
    this.#ports.onState({ kind: 'saving' })
    try {
      const { revision } = await this.#ports.save(document, this.#revision)
      return this.#stands({ document, revision })
    } catch (error) {
      const problem = readProblem(error)
      if (problem.code === 'REVISION_STALE') return this.#overtaken()
      if (problem.code !== 'UNREACHABLE') return this.#fails(problem)
      this.#unanswered = document
      this.#saved = null
      return this.#fails(problem)
    }
  }

  #stands({ document, revision }: StoredDraft): true {
    this.#revision = revision
    this.#saved = document
    this.#unanswered = null
    this.#ports.onState({ kind: this.dirty ? 'dirty' : 'saved' })
    return true
  }

  #fails(problem: ShownProblem): false {
    this.#ports.onState({ kind: 'failed', problem })
    if (problem.code === 'UNREACHABLE') this.#schedule(AGAIN_MS)
    return false
  }

  /** Somebody saved meanwhile. That may have been ourselves, in a save whose answer was lost: no conflict then. */
  async #overtaken(): Promise<boolean> {
    const ours = this.#unanswered
    if (ours !== null) {
      try {
        const { document, revision } = await this.#ports.load()
        if (sameDocument(document, ours)) return this.#stands({ document: ours, revision })
      } catch (error) {
        return this.#fails(readProblem(error))
      }
    }
    this.#blocked = true
    this.#ports.onState({ kind: 'conflict' })
    return false
  }

  /** Ends a conflict: with theirs, or with ours standing on their revision. */
  async settle(theirs: StoredDraft, keep: 'mine' | 'theirs'): Promise<void> {
    this.#revision = theirs.revision
    this.#unanswered = null
    this.#blocked = false
    if (keep === 'mine') {
      await this.flush()
      return
    }
    this.#saved = theirs.document
    this.#store.getState().replace(theirs.document)
    this.#ports.onState({ kind: 'saved' })
  }

  /** Sends what is left and stops listening. */
  async close(): Promise<void> {
    this.#unsubscribe()
    await this.flush()
    clearTimeout(this.#timer)
  }
}
