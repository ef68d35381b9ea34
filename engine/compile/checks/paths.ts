import type { JsonSchema } from '../../../nodes/manifest.ts'
import type { ValueType } from '../../expression/type-of.ts'
import type { DocumentStep } from '../../model/playbook.ts'
import type { Problem, ProblemCode } from '../../model/problem.ts'
import { asWarning, listed, meant, stepProblem } from '../context.ts'
import { schemaAt, typeOfSchema } from '../json-schema.ts'
import type { LeftBehind } from '../left-by.ts'

/** A path under `trigger.` or `steps.` that a template or a rule reads: whether it is there depends on the graph. */
export interface PathUse {
  root: 'trigger' | 'steps'
  path: string[]
  /** Whether the reader says what happens when it is missing. */
  optional: boolean
  /** Path in the step, e.g. `input.name`. */
  at: string
  field?: string
  code: ProblemCode
  /** As written, for the message. */
  shown: string
}

/** What stands before a step: the outputs it may read. */
export interface Upstream {
  /** What the actions before it leave, by id. */
  steps: (id: string) => LeftBehind | null
  stepIds: () => string[]
  /** Whether the document has such a step at all. */
  exists: (id: string) => boolean
  /** Output schemas of the triggers that can lead here. */
  triggers: Array<{ id: string; output: JsonSchema }>
}

export function checkPath(step: DocumentStep, use: PathUse, upstream: Upstream): Problem | null {
  const said = (code: ProblemCode, what: { message: string; fix: string }): Problem =>
    stepProblem(code, step, { at: use.at, ...(use.field === undefined ? {} : { field: use.field }), ...what })
  return use.root === 'trigger' ? checkTriggerPath(use, upstream, said) : checkStepPath(use, upstream, said)
}

type Say = (code: ProblemCode, what: { message: string; fix: string }) => Problem

function checkTriggerPath(use: PathUse, { triggers }: Upstream, said: Say): Problem | null {
  if (use.path.length === 0 || triggers.length === 0) return null
  const found = triggers.map(({ id, output }) => ({ id, at: schemaAt(output, use.path) }))
  const without = found.filter(({ at }) => at.kind === 'missing')
  if (without.length === 0) return null
  if (without.length === found.length) {
    const known = triggers.flatMap(({ output }) => Object.keys(properties(output)))
    return said(use.code, {
      message: `${use.shown}: the trigger brings no "${use.path.join('.')}".${meant(use.path[0] ?? '', known)}`,
      fix: `Read one of: ${listed([...new Set(known)].map((name) => `trigger.${name}`))}.`,
    })
  }
  if (use.optional) return null
  return said('TRIGGER_SHAPES_DIFFER', {
    message: `${use.shown} is not there when the run is started by ${listed(without.map(({ id }) => id))}.`,
    fix: 'Give a fallback (.? and orValue), or lead each trigger to steps of its own.',
  })
}

function checkStepPath(use: PathUse, upstream: Upstream, said: Say): Problem | null {
  const [id, ...rest] = use.path
  if (id === undefined) return null
  const left = upstream.steps(id)
  if (left === null) {
    const before = upstream.stepIds()
    return said(use.code, {
      message: upstream.exists(id)
        ? `${use.shown}: "${id}" does not come before this step, or leaves nothing to read.`
        : `${use.shown}: there is no step "${id}".${meant(id, before)}`,
      fix:
        before.length === 0
          ? 'No step before this one leaves anything to read.'
          : `Read one of: ${listed(before.map((name) => `steps.${name}`))}.`,
    })
  }
  const found = schemaAt(left.schema, rest)
  if (found.kind !== 'missing') return left.unsure ? maybeMissing(use, said) : null
  return said(use.code, {
    message: `${use.shown}: "${id}" leaves no "${rest.join('.')}".${meant(rest[0] ?? '', found.known)}`,
    fix: `Read one of: ${listed(found.known)}.`,
  })
}

/** Of a step whose failure does not end the path there is either its output or its fault. */
function maybeMissing(use: PathUse, said: Say): Problem | null {
  const [id, part] = use.path
  // A rule that asks for the fault asks whether there was one.
  if (use.optional || (part === 'fault' && use.code === 'RULE_INVALID')) return null
  return asWarning(
    said(use.code, {
      message:
        part === 'fault'
          ? `${use.shown} may be missing: "${id}" may not have failed.`
          : `${use.shown} may be missing: "${id}" may have failed, and the run goes on.`,
      fix:
        use.code === 'RULE_INVALID'
          ? `Comparisons with it are then false; ask for steps.${id}.fault.code first.`
          : 'Give a fallback (.? and orValue), or lead failures to steps of their own.',
    }),
  )
}

/** The type of a path under `trigger.` or `steps.`; unknown where triggers differ. */
export function typeOfUpstream(root: string, path: readonly string[], upstream: Upstream): ValueType {
  if (root === 'trigger') {
    const types = new Set(upstream.triggers.map(({ output }) => typeAt(output, path)))
    const [only] = types
    return types.size === 1 && only !== undefined ? only : 'unknown'
  }
  const [id, ...rest] = path
  const left = id === undefined ? null : upstream.steps(id)
  return left === null ? 'unknown' : typeAt(left.schema, rest)
}

function typeAt(schema: JsonSchema, path: readonly string[]): ValueType {
  const found = schemaAt(schema, path)
  return found.kind === 'schema' ? typeOfSchema(found.schema) : 'unknown'
}

const properties = (schema: JsonSchema): object =>
  schema.properties !== null && typeof schema.properties === 'object' ? schema.properties : {}
