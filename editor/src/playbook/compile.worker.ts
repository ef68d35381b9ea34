import { createCompiler } from '../../../engine/compile/compile.ts'
import type { CompileContext } from '../../../engine/compile/context.ts'
import type { Problem } from '../../../engine/model/problem.ts'

export interface CompileRequest {
  document: unknown
  /** Null: as before. */
  context: CompileContext | null
}
export interface CompileAnswer {
  problems: Problem[]
}

const compile = createCompiler()
let context: CompileContext | null = null

addEventListener('message', (event: MessageEvent<CompileRequest>) => {
  context = event.data.context ?? context
  if (context === null) throw new Error('The first document comes with its context.')
  const answer: CompileAnswer = { problems: compile(event.data.document, context).problems }
  postMessage(answer)
})
