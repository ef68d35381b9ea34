import { type FieldManifest, type Json, type StepManifest, sumOfPercents } from '../../../nodes/manifest.ts'
import { meansZone, ZONE_WORDS } from '../../../nodes/time-zone.ts'
import { parseDuration } from '../../model/duration.ts'
import { parsePath } from '../../model/path.ts'
import type { DocumentStep } from '../../model/playbook.ts'
import type { Problem } from '../../model/problem.ts'
import { type Catalogue, listed, meant, stepProblem } from '../context.ts'
import { checkValue, type TemplateUse } from '../json-schema.ts'

export interface InputChecked {
  problems: Problem[]
  /** Texts with `{{ }}`, to be checked against their field's schema. */
  templates: Array<TemplateUse & { field: string }>
}

/** The step's input against its definition: what is missing, of the wrong type, or unknown. */
export function checkInput(step: DocumentStep, definition: StepManifest, catalogue: Catalogue): InputChecked {
  const checked: InputChecked = { problems: [], templates: [] }
  const names = definition.fields.map((field) => field.name)
  for (const name of Object.keys(step.input))
    if (!names.includes(name))
      checked.problems.push(
        stepProblem('INPUT_UNKNOWN', step, {
          at: `input.${name}`,
          field: name,
          message: `${definition.label} has no field "${name}".${meant(name, names)}`,
          fix: `Remove it. Known: ${listed(names)}.`,
        }),
      )
  for (const field of definition.fields) checkField(step, field, checked)
  const { checkInput: deeper } = catalogue.context
  if (deeper && checked.problems.length === 0 && checked.templates.length === 0)
    for (const issue of deeper(`${definition.type}@${definition.version}`, step.input)) {
      const field = issue.path.split('.')[0] ?? null
      checked.problems.push(
        stepProblem('INPUT_INVALID', step, {
          at: issue.path === '' ? 'input' : `input.${issue.path}`,
          ...(field ? { field } : {}),
          message: issue.message,
          fix: 'Correct the field.',
        }),
      )
    }
  return checked
}

function checkField(step: DocumentStep, field: FieldManifest, checked: InputChecked): void {
  const value = step.input[field.name]
  const say = (
    code: 'INPUT_MISSING' | 'INPUT_INVALID' | 'INPUT_UNKNOWN',
    what: { message: string; fix: string; at?: string },
  ) =>
    checked.problems.push(
      stepProblem(code, step, {
        at: `input.${what.at ?? field.name}`,
        field: field.name,
        message: what.message,
        fix: what.fix,
      }),
    )
  const missing = isMissing(field, value)
  const { when } = field
  const applies = when === undefined || when.is.includes(String(step.input[when.field]))
  if (!applies) {
    if (value !== undefined)
      say('INPUT_UNKNOWN', {
        message: `${field.label} means nothing while ${when.field} is ${JSON.stringify(step.input[when.field] ?? null)}.`,
        fix: `Remove ${field.name}.`,
      })
    return
  }
  if (missing) {
    // An empty text where nothing is needed is as good as no text in a form, but the definition would refuse it.
    if (field.required || when?.required)
      say('INPUT_MISSING', { message: `${field.label} is missing.`, fix: `Fill in ${field.label}${example(field)}.` })
    else if (value !== undefined)
      say('INPUT_INVALID', { message: `${field.label} is empty.`, fix: `Fill it in or remove it.` })
    return
  }
  const { issues, templates } = checkValue(field.schema, value ?? null, field.template)
  for (const { path, message } of issues)
    say('INPUT_INVALID', {
      at: [field.name, ...path].join('.'),
      message: `${[field.label, ...path].join(' › ')} ${message}.`,
      fix: field.help ?? `Correct ${field.label}${example(field)}.`,
    })
  for (const use of templates) checked.templates.push({ ...use, path: [field.name, ...use.path], field: field.name })
  if (issues.length > 0) return
  const wrong = typeof value === 'string' ? wrongText(field, value) : wrongList(field, value)
  if (wrong !== null) say('INPUT_INVALID', wrong)
}

const isMissing = (field: FieldManifest, value: Json | undefined): boolean =>
  value === undefined || value === '' || (value === null && field.widget !== 'json')

const example = (field: FieldManifest): string => (field.placeholder === undefined ? '' : `, e.g. ${field.placeholder}`)

/** What a field's kind says beyond its schema. Signals and segments have codes of their own: see `names.ts`. */
function wrongText(field: FieldManifest, value: string): { message: string; fix: string } | null {
  switch (field.widget) {
    case 'duration': {
      const parsed = parseDuration(value)
      return parsed.ok ? null : { message: `${field.label}: ${parsed.why}`, fix: 'Write e.g. P3D or PT4H.' }
    }
    case 'property':
      return parsePath(value) === null
        ? { message: `${field.label}: "${value}" is no path of a property.`, fix: 'Write e.g. contact.renewal_date.' }
        : null
    case 'cron':
      return value.trim().split(/\s+/).length === 5
        ? null
        : {
            message: `${field.label}: "${value}" does not have five fields.`,
            fix: 'Write minute, hour, day of month, month and day of week, e.g. 0 9 * * 1-5.',
          }
    case 'timeZone':
      return meansZone(value) ? null : { message: `${field.label}: "${value}" is no time zone.`, fix: ZONE_WORDS }
    default:
      return null
  }
}

/** Arms that do not cover everybody, or somebody twice. */
function wrongList(field: FieldManifest, value: Json | undefined): { message: string; fix: string } | null {
  if (field.widget !== 'arms' || !Array.isArray(value)) return null
  const sum = sumOfPercents((value as Array<{ percent: number }>).map(({ percent }) => percent))
  return sum === 100
    ? null
    : { message: `${field.label} add up to ${sum} percent.`, fix: 'Change them until they add up to 100.' }
}
