import type { JsonSchema } from '../../../nodes/manifest.ts'
import { NAMES, type ValueType } from '../../expression/type-of.ts'
import { type ParsedPath, parsePath, sameJson } from '../../model/path.ts'
import type { DocumentStep } from '../../model/playbook.ts'
import type { Problem, ProblemCode } from '../../model/problem.ts'
import { asWarning, listed, meant, stepProblem } from '../context.ts'
import { isSchema, schemaAt, typeOfSchema } from '../json-schema.ts'
import type { LeftBehind } from '../left-by.ts'
import type { Variable } from '../variables.ts'

/** A path that a template or a rule reads of what is not a fact: whether it is there depends on the graph. */
export interface PathUse {
  root: 'trigger' | 'steps' | 'vars' | 'item'
  path: string[]
  /** Whether the reader says what happens when it is missing. */
  optional: boolean
  /** Path in the step, e.g. `input.name`. */
  at: string
  field?: string
  code: ProblemCode
  /** As written, for the message. */
  shown: string
  /** Of which type it has to be, as far as that can be told. */
  wants?: ValueType
}

/** Whether it is a fact that is loaded, rather than something the run carries with it. */
export const isFact = (root: string): root is 'contact' | 'account' => root === 'contact' || root === 'account'

/** What stands before a step: the outputs it may read. */
export interface Upstream {
  /** What the actions before it leave, by id. */
  steps: (id: string) => LeftBehind | null
  stepIds: () => string[]
  /** Whether the document has such a step at all. */
  exists: (id: string) => boolean
  /** Output schemas of the triggers that can lead here. */
  triggers: Array<{ id: string; output: JsonSchema }>
  /** Null: no step before sets it. */
  variable: (name: string) => Variable | null
  variables: () => string[]
  /** What an item of the list is for whose items it runs, as far as that can be told; null: it runs for none. */
  item: () => JsonSchema | null
}

export function checkPath(step: DocumentStep, use: PathUse, upstream: Upstream): Problem | null {
  const said = (code: ProblemCode, what: { message: string; fix: string }): Problem =>
    stepProblem(code, step, { at: use.at, ...(use.field === undefined ? {} : { field: use.field }), ...what })
  return CHECKS[use.root](use, upstream, said) ?? checkType(use, upstream, said)
}

const CHECKS: { [root in PathUse['root']]: (use: PathUse, upstream: Upstream, said: Say) => Problem | null } = {
  trigger: checkTriggerPath,
  steps: checkStepPath,
  vars: checkVariable,
  item: checkItem,
}

function checkType(use: PathUse, upstream: Upstream, said: Say): Problem | null {
  if (use.wants === undefined) return null
  const type = typeOfUpstream(use.root, use.path, upstream)
  return type === 'unknown' || type === use.wants ? null : wrongType(use.shown, { type, wants: use.wants }, said)
}

/** What is known to hold something else than is asked for. */
export const wrongType = (shown: string, is: { type: ValueType; wants: ValueType }, said: Say): Problem =>
  said('INPUT_INVALID', {
    message: `${shown} is ${NAMES[is.type]}, not ${NAMES[is.wants]}.`,
    fix: `Choose a path that leads to ${NAMES[is.wants]}.`,
  })

function checkVariable(use: PathUse, upstream: Upstream, said: Say): Problem | null {
  const [name = ''] = use.path
  const variable = upstream.variable(name)
  if (variable === null) {
    const known = upstream.variables()
    return said(use.code, {
      message: `${use.shown}: no step before this one sets "${name}".${meant(name, known)}`,
      fix:
        known.length === 0
          ? 'Put a Set variable step before this one.'
          : `Read one of: ${listed(known.map((other) => `vars.${other}`))}.`,
    })
  }
  if (variable.sure || use.optional) return null
  return asWarning(
    said(use.code, {
      message: `${use.shown} may be empty: not every path to this step sets "${name}".`,
      fix:
        use.code === 'TEMPLATE_PATH_UNKNOWN'
          ? `Give a fallback: {{ vars.?${name}.orValue("…") }}, or set it before the paths part.`
          : 'Comparisons with it are then false; set it before the paths part.',
    }),
  )
}

function checkItem(use: PathUse, { item }: Upstream, said: Say): Problem | null {
  const schema = item()
  if (schema === null)
    return said(use.code, {
      message: `${use.shown}: this step does not run for the items of a list.`,
      fix: 'Lead to it from the port “item” of a For each step, or read something else.',
    })
  const found = schemaAt(schema, use.path)
  if (found.kind !== 'missing') return null
  const name = use.path.join('.')
  return said(use.code, {
    message: `${use.shown}: the items of the list have no "${name}".${meant(use.path[0] ?? '', found.known)}`,
    fix:
      found.known.length === 0
        ? 'Read the item itself, as item.'
        : `Read one of: ${listed(found.known.map((known) => `item.${known}`))}.`,
  })
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
  if (found.kind !== 'missing') return left.unsure === null ? null : maybeMissing(use, left.unsure, said)
  return said(use.code, {
    message: `${use.shown}: "${id}" leaves no "${rest.join('.')}".${meant(rest[0] ?? '', found.known)}`,
    fix: `Read one of: ${listed(found.known)}.`,
  })
}

/** Of a step whose failure does not end the path there is either its output or its fault; of some, neither. */
function maybeMissing(use: PathUse, unsure: NonNullable<LeftBehind['unsure']>, said: Say): Problem | null {
  const [id, part] = use.path
  // A rule that asks for the fault asks whether there was one.
  if (use.optional || (part === 'fault' && use.code === 'RULE_INVALID')) return null
  const isRule = use.code === 'RULE_INVALID'
  if ('port' in unsure)
    return asWarning(
      said(use.code, {
        message: `${use.shown} may be missing: "${id}" may have been left by another port than "${unsure.port}".`,
        fix: isRule
          ? `Comparisons with it are then false; lead ${id}.${unsure.port} to steps of its own.`
          : `Give a fallback (.? and orValue), or lead ${id}.${unsure.port} to steps of its own.`,
      }),
    )
  return asWarning(
    said(use.code, {
      message:
        part === 'fault'
          ? `${use.shown} may be missing: "${id}" may not have failed.`
          : `${use.shown} may be missing: "${id}" may have failed, and the run goes on.`,
      fix: isRule
        ? `Comparisons with it are then false; ask for steps.${id}.fault.code first.`
        : 'Give a fallback (.? and orValue), or lead failures to steps of their own.',
    }),
  )
}

/** What is said of the items of a list, as far as what leaves the list says it; else `{}`: they may be anything. */
export function itemsOf(path: string, upstream: Upstream): JsonSchema {
  const parsed = parsePath(path)
  if (parsed === null) return {}
  const lists = sourcesOf(parsed, upstream).map(({ schema, path }) => itemsAt(schema, path))
  const [first = {}] = lists
  return lists.every((items) => sameJson(items, first)) ? first : {}
}

/** What a path leads into: several where triggers differ. */
function sourcesOf(parsed: ParsedPath, upstream: Upstream): Array<{ schema: JsonSchema; path: string[] }> {
  const one = (schema: JsonSchema | null | undefined, path: string[]) => (schema ? [{ schema, path }] : [])
  switch (parsed.root) {
    case 'trigger':
      return upstream.triggers.map(({ output }) => ({ schema: output, path: parsed.path }))
    case 'steps':
      return one(upstream.steps(parsed.step)?.schema, parsed.path)
    case 'item':
      return one(upstream.item(), parsed.path)
    default:
      return []
  }
}

function itemsAt(schema: JsonSchema, path: readonly string[]): JsonSchema {
  const found = schemaAt(schema, path)
  return found.kind === 'schema' && typeOfSchema(found.schema) === 'list' && isSchema(found.schema.items)
    ? found.schema.items
    : {}
}

/** The type of a path that is no fact; unknown where triggers differ. */
export function typeOfUpstream(root: string, path: readonly string[], upstream: Upstream): ValueType {
  if (root === 'trigger') {
    const types = new Set(upstream.triggers.map(({ output }) => typeAt(output, path)))
    const [only] = types
    return types.size === 1 && only !== undefined ? only : 'unknown'
  }
  const [id, ...rest] = path
  if (root === 'vars') return rest.length > 0 ? 'unknown' : (upstream.variable(id ?? '')?.type ?? 'unknown')
  if (root === 'item') return typeAt(upstream.item() ?? {}, path)
  if (root !== 'steps') return 'unknown'
  const left = id === undefined ? null : upstream.steps(id)
  return left === null ? 'unknown' : typeAt(left.schema, rest)
}

function typeAt(schema: JsonSchema, path: readonly string[]): ValueType {
  const found = schemaAt(schema, path)
  return found.kind === 'schema' ? typeOfSchema(found.schema) : 'unknown'
}

const properties = (schema: JsonSchema): object =>
  schema.properties !== null && typeof schema.properties === 'object' ? schema.properties : {}
