import type { PathRead } from '../../expression/parse.ts'
import { parseTemplate } from '../../expression/template.ts'
import { NAMES, type TypeOfPath, typeOf, type ValueType } from '../../expression/type-of.ts'
import type { DocumentStep } from '../../model/playbook.ts'
import type { Problem } from '../../model/problem.ts'
import { asWarning, type Catalogue, meant, stepProblem } from '../context.ts'
import { takes, type TemplateUse, typeOfSchema, wordsOf } from '../json-schema.ts'
import { isFact, type PathUse } from './paths.ts'

/** A template whose types can be told only once it is known what stands before the step. */
export interface LateTemplate {
  use: TemplateUse & { field: string }
}

export interface TemplatesChecked {
  problems: Problem[]
  paths: PathUse[]
  reads: PathRead[]
  late: LateTemplate[]
}

/** The `{{ }}` of a step: whether they can be read, what they read, and whether their types fit the field. */
export function checkTemplates(
  step: DocumentStep,
  uses: ReadonlyArray<TemplateUse & { field: string }>,
  catalogue: Catalogue,
): TemplatesChecked {
  const checked: TemplatesChecked = { problems: [], paths: [], reads: [], late: [] }
  if (uses.length === 0) return checked
  const facts = typesOfFacts(catalogue)
  for (const use of uses) {
    const at = `input.${use.path.join('.')}`
    const parsed = parseTemplate(use.text)
    if (!parsed.ok) {
      checked.problems.push(
        stepProblem('TEMPLATE_INVALID', step, {
          at,
          field: use.field,
          message: parsed.message,
          fix: 'Correct the expression between {{ and }}, e.g. {{ contact.name }}.',
        }),
      )
      continue
    }
    const reads = parsed.template.parts.flatMap((part) => (part.kind === 'expression' ? part.expression.reads : []))
    checked.reads.push(...reads)
    for (const read of reads) {
      if (isTooWide(read)) {
        checked.problems.push(tooWide(step, { at, field: use.field, root: read.root }))
        continue
      }
      if (!isFact(read.root))
        checked.paths.push({
          root: read.root,
          path: read.path,
          optional: read.optional,
          at,
          field: use.field,
          code: 'TEMPLATE_PATH_UNKNOWN',
          shown: [read.root, ...read.path].join('.'),
        })
      else checked.problems.push(...unknownProperty(step, { at, use, read }, catalogue))
    }
    if (reads.some(isTooWide)) continue
    if (reads.some((read) => !isFact(read.root))) checked.late.push({ use })
    else checked.problems.push(...checkTypes(step, use, facts))
  }
  return checked
}

const isTooWide = ({ root, path }: PathRead): boolean => root !== 'trigger' && root !== 'item' && path.length === 0

/** What a run loads and keeps is known before it starts: so a template names what it reads. */
const tooWide = (step: DocumentStep, { at, field, root }: { at: string; field: string; root: string }): Problem =>
  stepProblem('TEMPLATE_PATH_UNKNOWN', step, {
    at,
    field,
    message: `"${root}" alone, or with a name that is worked out, does not say what is read.`,
    fix: NAME_IT[root] ?? `Name the property, e.g. ${root}.name.`,
  })

const NAME_IT: { [root: string]: string | undefined } = {
  steps: 'Name the step, e.g. steps.find.id.',
  vars: 'Name the variable, e.g. vars.discount.',
}

/** Types of `contact.` and `account.` as far as the workspace knows its properties. */
export const typesOfFacts =
  (catalogue: Catalogue): TypeOfPath =>
  (root, path) => {
    if (path.length === 0) return root === 'contact' || root === 'account' ? 'object' : 'unknown'
    if (path.length === 1 && path[0] === 'id') return 'string'
    const { properties } = catalogue.context
    const known = `${root}.${path.join('.')}`
    return properties && Object.hasOwn(properties, known) ? (properties[known] ?? 'unknown') : 'unknown'
  }

/** Types that cannot work, inside the expressions and against the field. */
export function checkTypes(
  step: DocumentStep,
  use: TemplateUse & { field: string },
  typeOfPath: TypeOfPath,
): Problem[] {
  const parsed = parseTemplate(use.text)
  if (!parsed.ok) return []
  const at = `input.${use.path.join('.')}`
  const mismatch = (message: string, fix: string): Problem =>
    stepProblem('TEMPLATE_TYPE_MISMATCH', step, { at, field: use.field, message, fix })
  const types: ValueType[] = []
  for (const part of parsed.template.parts) {
    if (part.kind === 'text') continue
    const typed = typeOf(part.expression.ast, typeOfPath)
    if (!typed.ok)
      return [mismatch(`{{ ${part.expression.source} }}: ${typed.message}`, 'Make both sides of one type.')]
    types.push(typed.type)
  }
  const [only] = types
  if (parsed.template.whole && only !== undefined) {
    if (takes(use.schema, only)) return []
    const fix =
      typeOfSchema(use.schema) === 'string'
        ? 'Write {{ string(…) }}, or put text before or after it.'
        : 'Read another value, or convert it, e.g. with double(…).'
    return [mismatch(`This field takes ${wordsOf(use.schema)}; the expression gives ${NAMES[only]}.`, fix)]
  }
  if (!takes(use.schema, 'string'))
    return [
      mismatch(
        `This field takes ${wordsOf(use.schema)}; text around an expression makes it a text.`,
        'Leave nothing, not even a space, outside of {{ and }}.',
      ),
    ]
  const bad = types.find((type) => type === 'list' || type === 'object' || type === 'null')
  return bad === undefined
    ? []
    : [mismatch(`${NAMES[bad]} cannot stand inside a text.`, 'Read one of its values, or join a list: .join(", ").')]
}

function unknownProperty(
  step: DocumentStep,
  { at, use, read }: { at: string; use: { field: string }; read: PathRead },
  catalogue: Catalogue,
): Problem[] {
  const { properties } = catalogue.context
  const [name] = read.path
  if (properties === undefined || name === undefined || name === 'id' || name === 'externalId' || read.optional)
    return []
  const path = `${read.root}.${name}`
  if (Object.hasOwn(properties, path) || Object.hasOwn(properties, `${read.root}.${read.path.join('.')}`)) return []
  // A warning: properties arrive with data, and this one may arrive before the first run.
  return [
    asWarning(
      stepProblem('TEMPLATE_PATH_UNKNOWN', step, {
        at,
        field: use.field,
        message: `No ${read.root} has a property "${name}" yet.${meant(path, Object.keys(properties))}`,
        fix: `Check the name, or give a fallback: {{ ${read.root}.?${name}.orValue("…") }}.`,
      }),
    ),
  ]
}
