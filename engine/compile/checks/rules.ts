import type { FieldManifest, Json, StepManifest } from '../../../nodes/manifest.ts'
import { parsePath } from '../../model/path.ts'
import type { DocumentStep, Enrollment, SubjectKind } from '../../model/playbook.ts'
import type { Problem } from '../../model/problem.ts'
import type { Rule } from '../../model/rule.ts'
import { checkRule } from '../../rules/check.ts'
import { relatedIssues } from '../../rules/check-subject.ts'
import { farWindowIssue, farWindows } from '../../rules/far-windows.ts'
import { byKind, occasionOf } from '../../rules/kind.ts'
import { walkRule } from '../../rules/reads.ts'
import { asWarning, type Catalogue, listed, meant, type Said } from '../context.ts'
import type { PathUse } from './paths.ts'

export interface RulesChecked {
  problems: Problem[]
  /** Paths of what the run carries with it, to be checked against the graph. */
  paths: PathUse[]
  rules: Rule[]
}

type NameCode = 'SIGNAL_UNKNOWN' | 'SEGMENT_UNKNOWN' | 'SCORE_UNKNOWN'

/** Where rules stand in the document, and which paths may be read there. */
interface Home {
  say: (code: 'RULE_INVALID' | NameCode, said: Said) => Problem
  field: string | null
  /** Whom the playbook is about. */
  subject: SubjectKind
  /** A where-rule sees what triggers only; enrollment rules do not see steps. */
  sees: 'trigger' | 'all' | 'no steps'
}

/** The rules in a step's input: those of a branch, and the where-rule of a trigger. */
export function checkStepRules(
  { step, definition, subject }: { step: DocumentStep; definition: StepManifest; subject: SubjectKind },
  catalogue: Catalogue,
  say: (code: Problem['code'], said: Said) => Problem,
): RulesChecked {
  const checked: RulesChecked = { problems: [], paths: [], rules: [] }
  for (const field of definition.fields) {
    const value = step.input[field.name]
    if (value === undefined || value === null) continue
    const home: Home = { say, field: field.name, subject, sees: definition.kind === 'trigger' ? 'trigger' : 'all' }
    for (const { at, rule } of rulesIn(field, value)) checkOne(rule, { at: `input.${at}`, home, catalogue, checked })
  }
  return checked
}

function rulesIn(field: FieldManifest, value: Json): Array<{ at: string; rule: unknown }> {
  if (field.widget === 'rule') return [{ at: field.name, rule: value }]
  if (field.widget !== 'cases' || !Array.isArray(value)) return []
  return value.flatMap((item, i) =>
    item !== null && typeof item === 'object' && !Array.isArray(item) && 'if' in item
      ? [{ at: `${field.name}.${i}.if`, rule: item.if }]
      : [],
  )
}

/** Exit rules and the goal. */
export function checkEnrollmentRules(
  { enrollment, subject }: { enrollment: Enrollment; subject: SubjectKind },
  catalogue: Catalogue,
  say: (code: Problem['code'], said: Said) => Problem,
): RulesChecked {
  const checked: RulesChecked = { problems: [], paths: [], rules: [] }
  const home: Home = { say, field: null, subject, sees: 'no steps' }
  const exits = Array.isArray(enrollment.exit) ? enrollment.exit : []
  for (const [i, exit] of exits.entries())
    checkOne(exit?.if, { at: `enrollment.exit.${i}.if`, home, catalogue, checked })
  if (enrollment.goal) checkOne(enrollment.goal.if, { at: 'enrollment.goal.if', home, catalogue, checked })
  return checked
}

interface Place {
  at: string
  home: Home
  catalogue: Catalogue
  checked: RulesChecked
}

function checkOne(value: unknown, { at, home, catalogue, checked }: Place): void {
  const where = home.field === null ? {} : { field: home.field }
  const issues = checkRule(value)
  for (const issue of issues)
    checked.problems.push(
      home.say('RULE_INVALID', {
        at: issue.path === '' ? at : `${at}.${issue.path}`,
        ...where,
        message: 'The rule is not complete.',
        fix: issue.message,
      }),
    )
  if (issues.length > 0) return
  const rule = value as Rule
  checked.rules.push(rule)
  const place: Place = { at, home, catalogue, checked }
  // What a rule about related subjects names inside must exist as well.
  walkRule(rule, (leaf) => checkLeaf(leaf, place))
  checkWhole(rule, place)
}

/** What is not there for whomever the playbook is about, or no longer. A trigger's rule reads none of it at all. */
function checkWhole(rule: Rule, { at, home, catalogue, checked }: Place): void {
  if (home.sees === 'trigger') return
  const { keepEventsDays = Infinity } = catalogue.context
  const issues = [
    ...relatedIssues(home.subject, rule),
    ...farWindows([rule], keepEventsDays).map((found) => farWindowIssue(found, keepEventsDays)),
  ]
  for (const issue of issues)
    checked.problems.push(
      home.say('RULE_INVALID', { at, ...(home.field === null ? {} : { field: home.field }), ...issue }),
    )
}

const nothing = (): void => {}

const checkLeaf: (leaf: Rule, place: Place) => void = byKind<[place: Place], void>({
  all: nothing,
  any: nothing,
  not: nothing,
  property: (leaf, place) => checkPath(leaf.property, place),
  changed: (leaf, place) => checkPath(leaf.changed, place),
  first: (leaf, place) => checkEvent(occasionOf(leaf).event, place),
  last: (leaf, place) => checkEvent(occasionOf(leaf).event, place),
  sequence: (leaf, place) => leaf.sequence.forEach((step) => checkEvent(step.event, place)),
  aggregate: (leaf, place) => checkEvent(leaf.event, place),
  trend: (leaf, place) => checkEvent(leaf.event, place),
  event: (leaf, place) => checkEvent(leaf.event, place),
  segment: (leaf, place) => checkName('segment', leaf.segment, place),
  signal: (leaf, place) => checkName('signal', leaf.signal, place),
  score: (leaf, place) => checkName('score', leaf.score, place),
  contacts: (_leaf, place) => void checkSeen('the contacts of an account', 'facts', place),
  accounts: (_leaf, place) => void checkSeen('the accounts of a contact', 'facts', place),
})

const checkEvent = (event: string, place: Place): void => void checkSeen(`event "${event}"`, 'facts', place)

const NAMES: {
  [kind in 'signal' | 'segment' | 'score']: { code: NameCode; known: 'signals' | 'segments' | 'scores' }
} = {
  signal: { code: 'SIGNAL_UNKNOWN', known: 'signals' },
  segment: { code: 'SEGMENT_UNKNOWN', known: 'segments' },
  score: { code: 'SCORE_UNKNOWN', known: 'scores' },
}

function checkName(kind: 'signal' | 'segment' | 'score', slug: string, place: Place): void {
  checkSeen(`${kind} ${slug}`, 'facts', place)
  const known = place.catalogue[NAMES[kind].known]
  if (known === null || known.has(slug)) return
  place.checked.problems.push(
    place.home.say(NAMES[kind].code, {
      at: place.at,
      ...(place.home.field === null ? {} : { field: place.home.field }),
      message: `There is no ${kind} "${slug}".${meant(slug, known)}`,
      fix: `Make it, or choose one of: ${listed([...known])}.`,
    }),
  )
}

function checkPath(property: string, place: Place): void {
  const { at, home, catalogue, checked } = place
  const path = parsePath(property)
  if (path === null) return
  const where = home.field === null ? {} : { field: home.field }
  const seen =
    path.root === 'trigger' ? 'trigger' : path.root === 'contact' || path.root === 'account' ? 'facts' : 'steps'
  if (!checkSeen(property, seen, place)) return
  if (!('name' in path)) {
    const parts = path.root === 'steps' ? [path.step, ...path.path] : path.path
    checked.paths.push({
      root: path.root,
      path: parts,
      optional: false,
      at,
      ...where,
      code: 'RULE_INVALID',
      shown: property,
    })
    return
  }
  const { properties } = catalogue.context
  if (properties === undefined || path.name === 'id' || path.name === 'externalId') return
  if (Object.hasOwn(properties, property) || Object.hasOwn(properties, property.split('.').slice(0, 2).join('.')))
    return
  checked.problems.push(
    asWarning(
      home.say('RULE_INVALID', {
        at,
        ...where,
        message: `No ${path.root} has a property "${path.name}" yet.${meant(property, Object.keys(properties))}`,
        fix: 'Check the name. Until one has it, comparisons with it are false.',
      }),
    ),
  )
}

/** Whether a rule at this place may read that; says so where not. */
function checkSeen(what: string, kind: 'facts' | 'trigger' | 'steps', { at, home, checked }: Place): boolean {
  const hidden = home.sees === 'trigger' ? kind !== 'trigger' : home.sees === 'no steps' && kind === 'steps'
  if (!hidden) return true
  checked.problems.push(
    home.say('RULE_INVALID', {
      at,
      ...(home.field === null ? {} : { field: home.field }),
      message:
        home.sees === 'trigger'
          ? `A trigger’s rule reads what the trigger brought, not ${what}.`
          : `Enrollment rules cannot read ${what}: they are looked at before and between steps.`,
      fix:
        home.sees === 'trigger'
          ? 'Use paths that begin with trigger., and a Branch behind the trigger for the rest.'
          : 'Use properties, events, segments, signals or scores.',
    }),
  )
  return false
}
