import { canFail, type StepManifest } from '../../../nodes/manifest.ts'
import type { DocumentStep } from '../../model/playbook.ts'
import type { Problem } from '../../model/problem.ts'
import { type Catalogue, listed, meant, stepProblem } from '../context.ts'

/** The type of a step: known, in this version. */
export function findDefinition(step: DocumentStep, catalogue: Catalogue): StepManifest | Problem {
  const [name = '', version] = step.type.split('@')
  const versions = catalogue.steps.get(name)
  const [newest] = versions ?? []
  if (versions === undefined || newest === undefined)
    return stepProblem('STEP_TYPE_UNKNOWN', step, {
      at: 'type',
      message: `There is no step type "${name}".${meant(name, catalogue.steps.keys())}`,
      fix: 'Choose a type from the palette.',
    })
  if (version === undefined) return newest
  return (
    versions.find((known) => String(known.version) === version) ??
    stepProblem('STEP_VERSION_UNKNOWN', step, {
      at: 'type',
      message: `${name} has no version "${version}".`,
      fix: `Use ${listed(versions.map((known) => `${name}@${known.version}`))}.`,
    })
  )
}

/** Signals and segments named by fields. */
export function checkNames(step: DocumentStep, definition: StepManifest, catalogue: Catalogue): Problem[] {
  return definition.fields.flatMap((field) => {
    const value = step.input[field.name]
    if ((field.widget !== 'signal' && field.widget !== 'segment') || typeof value !== 'string' || value === '')
      return []
    const known = field.widget === 'signal' ? catalogue.signals : catalogue.segments
    if (known.has(value)) return []
    return [
      stepProblem(field.widget === 'signal' ? 'SIGNAL_UNKNOWN' : 'SEGMENT_UNKNOWN', step, {
        at: `input.${field.name}`,
        field: field.name,
        message: `There is no ${field.widget} "${value}".${meant(value, known)}`,
        fix: `Make it, or choose one of: ${listed([...known])}.`,
      }),
    ]
  })
}

/** Whether the step names a connection to the app it acts in. */
export function checkConnection(step: DocumentStep, definition: StepManifest, catalogue: Catalogue): Problem[] {
  const app = definition.connector
  const fitting = () => [...catalogue.connections].filter(([, other]) => other === app).map(([slug]) => slug)
  if (step.connection === undefined) {
    if (app === null || catalogue.keyless.has(app)) return []
    const some = fitting()
    return [
      stepProblem('CONNECTION_MISSING', step, {
        at: 'connection',
        message: `${definition.label} needs a connection to ${app}.`,
        fix:
          some.length > 0 ? `Choose one of: ${listed(some)}.` : `Connect ${app} in Connections, then choose it here.`,
      }),
    ]
  }
  const found = catalogue.connections.get(step.connection)
  if (app === null)
    return [
      stepProblem('CONNECTION_UNKNOWN', step, {
        at: 'connection',
        message: `${definition.label} uses no connection.`,
        fix: 'Remove "connection" from the step.',
      }),
    ]
  if (found === app) return []
  return [
    stepProblem('CONNECTION_UNKNOWN', step, {
      at: 'connection',
      message:
        found === undefined
          ? `There is no connection "${step.connection}".${meant(step.connection, fitting())}`
          : `"${step.connection}" connects ${found}; this step needs ${app}.`,
      fix: `Choose one of: ${listed(fitting())}.`,
    }),
  ]
}

/** Ports that a step's own input names. */
export function checkPorts(step: DocumentStep, definition: StepManifest, ports: readonly string[]): Problem[] {
  if ('fixed' in definition.ports) return []
  const { each, plus } = definition.ports
  const always = plus.map((port) => ` "${port}" is always there.`).join('')
  const seen = new Set<string>()
  return ports.flatMap((port) => {
    if (!seen.has(port)) {
      seen.add(port)
      return []
    }
    return [
      stepProblem('PORT_DUPLICATE', step, {
        at: `input.${each.field}`,
        field: each.field,
        message: `Two ports are named "${port}".`,
        fix: `Rename one.${always}`,
      }),
    ]
  })
}

/** What follows a failure is said of steps that can fail alone. */
export function checkOnFailure(step: DocumentStep, definition: StepManifest): Problem[] {
  if (step.onFailure === undefined || canFail(definition)) return []
  return [
    stepProblem('DOCUMENT_INVALID', step, {
      at: 'onFailure',
      message: `${definition.label} is no action or list: what follows its failure cannot be chosen.`,
      fix: 'Remove "onFailure" from the step.',
    }),
  ]
}
