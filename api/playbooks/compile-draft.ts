import { compile, type CompileContext, type Compiled } from '../../engine/compile/compile.ts'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import type { Problem } from '../../engine/model/problem.ts'
import type { Manifest } from '../../nodes/manifest.ts'
import type { Scoped } from '../context.ts'
import { problem, ProblemError, type ProblemPart } from '../problem.ts'
import { readCatalogContext } from './catalog-context.ts'

/** Compiles with what the workspace has now: its connections, signals, segments and properties. */
export async function compileDraft(scoped: Scoped & { manifest: Manifest }, document: unknown): Promise<Compiled> {
  const context = await readCatalogContext(scoped)
  return compile(document, compileContext(scoped.manifest, context))
}

export function compileContext(
  manifest: Manifest,
  context: Awaited<ReturnType<typeof readCatalogContext>>,
): CompileContext {
  return {
    manifest,
    connections: context.connections.map(({ slug, app }) => ({ slug, app })),
    signals: context.signals.map(({ slug }) => slug),
    segments: context.segments.map(({ slug }) => slug),
  }
}

/** A draft may have problems, but must be a document: else the canvas could not show it. @throws ProblemError 422 */
export function requireDocument(document: unknown, problems: Problem[]): PlaybookDocument {
  const broken = problems.filter(({ code }) => code === 'DOCUMENT_INVALID')
  if (broken.length > 0) throw refusal('DOCUMENT_INVALID', 'This is not a playbook document and was not saved.', broken)
  return document as PlaybookDocument
}

/** 422 with every problem, in the words of compile. */
export function refusal(code: string, what: string, problems: Problem[]): ProblemError {
  const [first] = problems
  const where = first === undefined ? '' : ` First, at ${first.path}: ${first.message} ${first.fix}`
  return problem(422, code, { detail: `${what}${where}`, problems: problems.map(asPart) })
}

const asPart = (given: Problem): ProblemPart => ({ ...given })
