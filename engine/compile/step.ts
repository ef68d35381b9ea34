import type { Json, StepManifest } from '../../nodes/manifest.ts'
import type { PathRead } from '../expression/parse.ts'
import type { ValueType } from '../expression/type-of.ts'
import { parsePath, WORKSPACE_ZONE } from '../model/path.ts'
import type { DocumentStep, SubjectKind } from '../model/playbook.ts'
import type { Problem } from '../model/problem.ts'
import type { Reads, Rule } from '../model/rule.ts'
import { portsOfStep } from '../model/step-ports.ts'
import { addProperty, mergeReads, noReads, readsOf } from '../rules/reads.ts'
import { type Catalogue, stepProblem } from './context.ts'
import { checkInput } from './checks/input.ts'
import { checkConnection, checkNames, checkOnFailure, checkPorts, findDefinition } from './checks/names.ts'
import { isFact, type PathUse, wrongType } from './checks/paths.ts'
import { checkStepRules } from './checks/rules.ts'
import { checkTemplates, type LateTemplate } from './checks/templates.ts'
import { checkWait } from './checks/waits.ts'
import { checkDelay, readsWorkspaceZone } from './delay.ts'
import { checkRetry } from './retry.ts'

/** All that can be said of a step by itself. What hangs on the graph is left as `paths` and `late`. */
export interface StepCheck {
  step: DocumentStep
  problems: Problem[]
  definition: StepManifest | null
  ports: string[]
  paths: PathUse[]
  late: LateTemplate[]
  reads: Reads
  /** Steps whose outputs it reads. */
  readsSteps: string[]
}

/** @param subject whom the playbook is about */
export function checkStep(step: DocumentStep, catalogue: Catalogue, subject: SubjectKind): StepCheck {
  const definition = findDefinition(step, catalogue)
  if ('code' in definition)
    return {
      step,
      problems: [definition],
      definition: null,
      ports: [],
      paths: [],
      late: [],
      reads: noReads(),
      readsSteps: [],
    }
  const input = checkInput(step, definition, catalogue)
  const say = (code: Problem['code'], said: Parameters<typeof stepProblem>[2]) => stepProblem(code, step, said)
  const rules = checkStepRules({ step, definition, subject }, catalogue, say)
  const templates = checkTemplates(step, input.templates, catalogue)
  const named = namedPaths(step, definition)
  const ports = portsOfStep(step, definition)
  const problems = [
    ...input.problems,
    ...checkNames(step, definition, catalogue),
    ...rules.problems,
    ...templates.problems,
    ...checkDelay(step),
    ...checkWait(step, definition),
    ...named.paths.flatMap((use) => wrongFact(step, use, catalogue)),
    ...checkConnection(step, definition, catalogue),
    ...checkPorts(step, definition, ports),
    ...checkOnFailure(step, definition),
    ...checkRetry(step, definition),
  ]
  const paths = [...rules.paths, ...templates.paths, ...named.paths.flatMap(({ use }) => use ?? [])]
  return {
    step,
    problems,
    definition,
    ports,
    paths,
    late: templates.late,
    // A trigger's where-rule is looked at before there is a run.
    reads:
      definition.kind === 'trigger'
        ? noReads()
        : allReads(rules.rules, templates.reads, [
            ...named.paths.map(({ path }) => path),
            ...(readsWorkspaceZone(step) ? [WORKSPACE_ZONE] : []),
          ]),
    readsSteps: [...new Set(paths.flatMap((use) => (use.root === 'steps' && use.path[0] ? [use.path[0]] : [])))],
  }
}

function allReads(rules: readonly Rule[], templates: readonly PathRead[], properties: readonly string[]): Reads {
  const reads = mergeReads(rules.map(readsOf))
  for (const path of properties)
    if (path === WORKSPACE_ZONE) reads.properties.push(path)
    else addProperty(reads, path)
  for (const { root, path } of templates)
    if ((root === 'contact' || root === 'account') && path[0] !== undefined) addProperty(reads, `${root}.${path[0]}`)
  return reads
}

/** A path that a field names. */
interface NamedPath {
  path: string
  field: string
  wants?: ValueType
  /** Of what is no fact: to be checked against the graph. */
  use: PathUse | null
}

/** Fields that hold paths: a date, a list, what an event's property must equal. */
function namedPaths(step: DocumentStep, definition: StepManifest): { paths: NamedPath[] } {
  const paths = definition.fields.flatMap((field): NamedPath[] => {
    const value = step.input[field.name]
    const at = `input.${field.name}`
    if (field.widget === 'keys')
      return pathsOfKeys(value).map(({ path, index }) =>
        namedPath({ path, field: field.name, at: `${at}.${index}.path` }),
      )
    if (definition.type === 'flow.exit' && field.name === 'outputs')
      return pathsByName(value).map(({ path, name }) => namedPath({ path, field: field.name, at: `${at}.${name}` }))
    if (field.widget !== 'property' || typeof value !== 'string') return []
    const wants = definition.type === 'flow.forEach' ? { wants: 'list' as const } : {}
    return [namedPath({ path: value, field: field.name, at, ...wants })]
  })
  return { paths }
}

function pathsOfKeys(value: Json | undefined): Array<{ path: string; index: number }> {
  if (!Array.isArray(value)) return []
  return value.flatMap((key, index) => {
    const path = key !== null && typeof key === 'object' && !Array.isArray(key) ? key.path : undefined
    return typeof path === 'string' ? [{ path, index }] : []
  })
}

function pathsByName(value: Json | undefined): Array<{ path: string; name: string }> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return []
  return Object.entries(value).flatMap(([name, path]) => (typeof path === 'string' ? [{ path, name }] : []))
}

function namedPath({
  path,
  field,
  at,
  wants,
}: {
  path: string
  field: string
  at: string
  wants?: ValueType
}): NamedPath {
  const [root = '', ...rest] = path.split('.')
  const wanted = wants === undefined ? {} : { wants }
  if (parsePath(path) === null || isFact(root)) return { path, field, ...wanted, use: null }
  const use: PathUse = {
    root: root as PathUse['root'],
    path: rest,
    optional: true,
    at,
    field,
    code: 'INPUT_INVALID',
    shown: path,
    ...wanted,
  }
  return { path, field, ...wanted, use }
}

/** A property that is known to hold something else than is asked for. */
function wrongFact(step: DocumentStep, { path, field, wants, use }: NamedPath, catalogue: Catalogue): Problem[] {
  const { properties } = catalogue.context
  if (wants === undefined || use !== null || !properties || !Object.hasOwn(properties, path)) return []
  const type = properties[path] ?? 'unknown'
  if (type === 'unknown' || type === wants) return []
  return [
    wrongType(path, { type, wants }, (code, said) => stepProblem(code, step, { at: `input.${field}`, field, ...said })),
  ]
}
