import { compile, type Compiled } from '../../engine/compile/compile.ts'
import type { CompileContext, DrawnPlaybook } from '../../engine/compile/context.ts'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import type { Problem } from '../../engine/model/problem.ts'
import type { Catalog } from '../../nodes/define.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { ApiDeps, Scoped } from '../context.ts'
import { problem, ProblemError, type ProblemPart } from '../problem.ts'
import { readCatalogContext } from './catalog-context.ts'

/**
 * Compiles with what the workspace has now: its connections, signals, segments and scores.
 * @param playbook whose draft it is; left out where the plan is not run: its splits would draw otherwise
 */
export async function compileDraft(
  scoped: Scoped & Pick<ApiDeps, 'manifest' | 'catalog'>,
  document: unknown,
  playbook?: DrawnPlaybook,
): Promise<Compiled> {
  const { connections, signals, segments, scores, keepEventsDays } = await readCatalogContext(scoped)
  const context: CompileContext = {
    manifest: scoped.manifest,
    connections: connections.map(({ slug, app }) => ({ slug, app })),
    signals: signals.map(({ slug }) => slug),
    segments: segments.map(({ slug }) => slug),
    scores: scores.map(({ slug }) => slug),
    keepEventsDays,
    playbook,
    checkInput: inputChecks(scoped.catalog),
  }
  return compile(document, context)
}

/** The definitions' own schemas, which know more than JSON Schema can say. */
function inputChecks(catalog: Catalog): NonNullable<CompileContext['checkInput']> {
  return (type: string, input: { [field: string]: Json }) => {
    const [name, version] = type.split('@')
    const step = catalog.steps.find((s) => s.type === name && (version === undefined || String(s.version) === version))
    const result = step?.input.safeParse(input)
    if (result === undefined || result.success) return []
    return result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
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
