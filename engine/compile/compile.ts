import type { Json } from '../../nodes/manifest.ts'
import { sameJson } from '../model/path.ts'
import type { Plan } from '../model/plan.ts'
import type { DocumentStep, SubjectKind } from '../model/playbook.ts'
import type { Problem } from '../model/problem.ts'
import { mergeReads, readsOf } from '../rules/reads.ts'
import { type Bodies, bodiesOf } from './bodies.ts'
import { buildPlan } from './build-plan.ts'
import { checkEdges } from './checks/edges.ts'
import { checkEnrollment } from './checks/enrollment.ts'
import { checkEntryKey } from './checks/entry-key.ts'
import { checkGraph } from './checks/graph.ts'
import { type Catalogue, type CompileContext, catalogueOf } from './context.ts'
import { type Ancestors, ancestorsOf, type Graph, graphOf } from './graph.ts'
import { checkStep, type StepCheck } from './step.ts'
import { shapeOf } from './structure.ts'
import { checkUpstream } from './upstream.ts'
import { checkRaces } from './variables.ts'

/** `problems` beside a plan are warnings only. */
export type Compiled = { ok: true; plan: Plan; problems: Problem[] } | { ok: false; problems: Problem[] }

/**
 * Compiles a playbook document to a plan, or says everything that keeps it from being one. Pure.
 * Callers that compile again and again (an editor) keep a `createCompiler()`.
 */
export const compile = (document: unknown, context: CompileContext): Compiled => createCompiler()(document, context)

/**
 * A compiler that remembers what it found for each step: after an edit only the steps that changed are looked at
 * again. Documents must be replaced, not written into.
 */
export function createCompiler(): (document: unknown, context: CompileContext) => Compiled {
  let catalogue: Catalogue | null = null
  let about: SubjectKind | null = null
  let checks = new WeakMap<DocumentStep, StepCheck>()
  /** Of the compile before, for documents that came through JSON or a message and are new objects throughout. */
  let last = new Map<string, StepCheck>()
  const shaped = new WeakSet<object>()
  let drawing: Drawing | null = null
  return (document, context) => {
    const shape = shapeOf(document, shaped)
    if (shape.document === null) return { ok: false, problems: shape.problems }
    const { subject } = shape.document
    if (catalogue === null || about !== subject || !sameContext(catalogue.context, context)) {
      catalogue = catalogueOf(context)
      about = subject
      checks = new WeakMap()
      last = new Map()
    }
    const using = catalogue
    const steps = shape.steps.map((step) => {
      const known = checks.get(step) ?? sameStep(last.get(step.id), step)
      const check = known ?? checkStep(step, using, subject)
      checks.set(step, check)
      return check
    })
    last = new Map(steps.map((check) => [check.step.id, check]))
    drawing = drawingOf(shape.document.edges, steps, drawing)
    const { graph } = drawing
    const enrollment = checkEnrollment(shape.document, using)
    const problems = [
      ...shape.problems,
      ...enrollment.problems,
      ...checkEntryKey(shape.document, triggersOf(steps)),
      ...steps.flatMap((check) => check.problems),
      ...drawing.problems,
      ...checkGraph(drawing, steps, shape.document),
      ...checkUpstream(drawing, steps, using),
      ...checkRaces({ graph, within: drawing.bodies.within }, steps),
    ]
    if (problems.some(({ severity }) => severity === 'error')) return { ok: false, problems }
    const enrollmentReads = mergeReads(enrollment.rules.map(readsOf))
    return {
      ok: true,
      plan: buildPlan({
        document: shape.document,
        graph,
        steps,
        within: drawing.bodies.within,
        enrollmentReads,
        playbook: context.playbook,
      }),
      problems,
    }
  }
}

const sameContext = (a: CompileContext, b: CompileContext): boolean =>
  a.manifest === b.manifest &&
  a.connections === b.connections &&
  a.signals === b.signals &&
  a.segments === b.segments &&
  a.scores === b.scores &&
  a.keepEventsDays === b.keepEventsDays &&
  a.properties === b.properties &&
  a.checkInput === b.checkInput

/** What follows from the edges and ports alone; the same while only fields are edited. */
interface Drawing {
  edges: readonly unknown[]
  steps: readonly StepCheck[]
  graph: Graph
  bodies: Bodies
  problems: Problem[]
  /** Worked out when first needed. */
  ancestors: () => Ancestors
}

function drawingOf(edges: readonly unknown[], steps: readonly StepCheck[], last: Drawing | null): Drawing {
  const same =
    last !== null &&
    sameEdges(last.edges, edges) &&
    last.steps.length === steps.length &&
    steps.every((s, i) => sameEnds(s, last.steps[i]))
  if (same) return { ...last, steps }
  const byId = new Map(steps.map((check) => [check.step.id, check]))
  const checked = checkEdges(edges, byId)
  const graph = graphOf([...byId.keys()], checked.edges)
  let ancestors: Ancestors | null = null
  const bodies = bodiesOf(graph, steps)
  const problems = [...checked.problems, ...bodies.problems]
  return { edges, steps, graph, bodies, problems, ancestors: () => (ancestors ??= ancestorsOf(graph)) }
}

/** The check of the step as it was, where nothing in it has changed. */
const sameStep = (known: StepCheck | undefined, step: DocumentStep): StepCheck | undefined =>
  known && sameJson(known.step as unknown as Json, step as unknown as Json) ? known : undefined

const sameEdges = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a === b || (a.length === b.length && a.every((edge, i) => sameJson(edge as Json, b[i] as Json)))

const sameEnds = (a: StepCheck, b: StepCheck | undefined): boolean =>
  a === b ||
  (a.step.id === b?.step.id &&
    a.definition === b.definition &&
    a.ports.length === b.ports.length &&
    a.ports.every((port, i) => port === b.ports[i]))

/** The triggers, with the schema of what each brings. */
const triggersOf = (steps: readonly StepCheck[]) =>
  steps.flatMap(({ step, definition }) =>
    definition?.kind === 'trigger' ? [{ id: step.id, output: definition.output }] : [],
  )
