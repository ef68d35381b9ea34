import { useEffect, useMemo, useRef, useState } from 'react'
import type { CompileContext } from '../../../engine/compile/context.ts'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { Problem } from '../../../engine/model/problem.ts'
import { later } from '../ui/later.ts'
import type { CompileAnswer, CompileRequest } from './compile.worker.ts'
import { useCatalog } from './catalog-context.ts'

/** Up to here a compile after one edit stays far below a frame; larger graphs are compiled in a worker. */
const HERE_UP_TO = 200

/** The drawing is there before its problems are: compile and the expression language come after the first look. */
const useCompile = later(() => import('../../../engine/compile/compile.ts'))

/**
 * What keeps the draft from being published, worked out as one types by the same `compile` that publishing uses.
 * @returns null while it is not known yet
 */
export function useProblems(document: PlaybookDocument): readonly Problem[] | null {
  const { manifest, workspace } = useCatalog()
  const context = useMemo(
    (): CompileContext => ({
      manifest,
      connections: workspace.connections.map(({ slug, app }) => ({ slug, app })),
      signals: workspace.signals.map(({ slug }) => slug),
      segments: workspace.segments.map(({ slug }) => slug),
      scores: workspace.scores.map(({ slug }) => slug),
      keepEventsDays: workspace.keepEventsDays,
    }),
    [manifest, workspace],
  )
  const large = document.steps.length > HERE_UP_TO
  const compile = useCompile(!large)
  const compileHere = useMemo(() => compile?.createCompiler() ?? null, [compile])
  const here = useMemo(
    () => (large || compileHere === null ? null : compileHere(document, context).problems),
    [large, compileHere, document, context],
  )
  const there = useWorkerProblems(large ? document : null, context)
  return here ?? there
}

/** Only the newest document counts: while one is compiled, later ones replace each other. */
function useWorkerProblems(document: PlaybookDocument | null, context: CompileContext): readonly Problem[] | null {
  const [problems, setProblems] = useState<readonly Problem[] | null>(null)
  const worker = useRef<{ worker: Worker; context: CompileContext | null; busy: boolean } | null>(null)
  const waiting = useRef<PlaybookDocument | null>(null)
  useEffect(() => {
    if (document === null) return
    const send = (next: PlaybookDocument) => {
      const state = worker.current
      if (state === null) return
      state.busy = true
      const request: CompileRequest = { document: next, context: state.context === context ? null : context }
      state.context = context
      state.worker.postMessage(request)
    }
    worker.current ??= {
      worker: new Worker(new URL('./compile.worker.ts', import.meta.url), { type: 'module' }),
      context: null,
      busy: false,
    }
    worker.current.worker.onmessage = ({ data }: MessageEvent<CompileAnswer>) => {
      setProblems(data.problems)
      const next = waiting.current
      waiting.current = null
      if (next !== null) send(next)
      else if (worker.current !== null) worker.current.busy = false
    }
    if (worker.current.busy) waiting.current = document
    else send(document)
  }, [document, context])
  useEffect(
    () => () => {
      worker.current?.worker.terminate()
      worker.current = null
    },
    [],
  )
  return problems
}
