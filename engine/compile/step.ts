import type { Json, StepManifest } from '../../nodes/manifest.ts'
import type { PathRead } from '../expression/parse.ts'
import type { DocumentStep, SubjectKind } from '../model/playbook.ts'
import type { Problem } from '../model/problem.ts'
import type { Reads, Rule } from '../model/rule.ts'
import { portsOfStep } from '../model/step-ports.ts'
import { addProperty, mergeReads, noReads, readsOf } from '../rules/reads.ts'
import { type Catalogue, stepProblem } from './context.ts'
import { checkInput } from './checks/input.ts'
import { checkConnection, checkNames, checkOnFailure, checkPorts, findDefinition } from './checks/names.ts'
import type { PathUse } from './checks/paths.ts'
import { checkStepRules } from './checks/rules.ts'
import { checkTemplates, type LateTemplate } from './checks/templates.ts'
import { checkDelay } from './delay.ts'

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
  const dates = datePaths(step, definition)
  const ports = portsOfStep(step, definition)
  const problems = [
    ...input.problems,
    ...checkNames(step, definition, catalogue),
    ...rules.problems,
    ...templates.problems,
    ...checkDelay(step),
    ...checkConnection(step, definition, catalogue),
    ...checkPorts(step, definition, ports),
    ...checkOnFailure(step, definition),
  ]
  const paths = [...rules.paths, ...templates.paths, ...dates.paths]
  return {
    step,
    problems,
    definition,
    ports,
    paths,
    late: templates.late,
    // A trigger's where-rule is looked at before there is a run.
    reads: definition.kind === 'trigger' ? noReads() : allReads(rules.rules, templates.reads, dates.properties),
    readsSteps: [...new Set(paths.flatMap((use) => (use.root === 'steps' && use.path[0] ? [use.path[0]] : [])))],
  }
}

function allReads(rules: readonly Rule[], templates: readonly PathRead[], properties: readonly string[]): Reads {
  const reads = mergeReads(rules.map(readsOf))
  for (const property of properties) addProperty(reads, property)
  for (const { root, path } of templates)
    if ((root === 'contact' || root === 'account') && path[0] !== undefined) addProperty(reads, `${root}.${path[0]}`)
  return reads
}

/** Fields that hold the path of a property: the delay's date. */
function datePaths(step: DocumentStep, definition: StepManifest): { paths: PathUse[]; properties: string[] } {
  const paths: PathUse[] = []
  const properties: string[] = []
  for (const field of definition.fields) {
    const value: Json | undefined = step.input[field.name]
    if (field.widget !== 'property' || typeof value !== 'string') continue
    const [root, ...path] = value.split('.')
    if (root === 'trigger' || root === 'steps')
      paths.push({
        root,
        path,
        optional: true,
        at: `input.${field.name}`,
        field: field.name,
        code: 'INPUT_INVALID',
        shown: value,
      })
    else properties.push(value)
  }
  return { paths, properties }
}
