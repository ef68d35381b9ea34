import { parsePath } from '../model/path.ts'
import { BAND_COLORS } from '../model/score.ts'
import { checkRule } from '../rules/check.ts'
import { checkFigure } from './check-figure.ts'
import {
  type DefinitionIssue,
  distinctNames,
  type Fields,
  inside,
  isFinite,
  isName,
  isObject,
  onlyFields,
  type Place,
  say,
} from './place.ts'

/** As many as a person can weigh against each other; each is asked for every subject. */
export const MOST_PARTS = 20
export const MOST_BANDS = 10
export const MOST_STAGES = 10

/**
 * Whether a value is a score's definition, deeply, with what to write instead. An empty answer means that it is a
 * `ScoreDefinition`.
 */
export function checkScore(value: unknown): DefinitionIssue[] {
  const issues: DefinitionIssue[] = []
  const place: Place = { path: '', issues }
  if (!isObject(value)) return [{ path: '', message: 'Write a score: { "parts": […], "bands": […], "stages": […] }.' }]
  onlyFields(value, ['parts', 'bands', 'stages'], place)
  const parts = listOf(value, { name: 'parts', least: 1, most: MOST_PARTS }, place)
  for (const [i, part] of parts.entries()) checkPart(part, inside(place, `parts.${i}`))
  distinctNames(parts.map(nameOf), inside(place, 'parts'))
  checkBands(listOf(value, { name: 'bands', least: 1, most: MOST_BANDS }, place), inside(place, 'bands'))
  const stages = listOf(value, { name: 'stages', least: 0, most: MOST_STAGES }, place)
  for (const [i, stage] of stages.entries()) checkStage(stage, inside(place, `stages.${i}`))
  distinctNames(stages.map(nameOf), inside(place, 'stages'))
  return issues
}

const nameOf = (value: unknown): unknown => (isObject(value) ? value.name : undefined)

function listOf(value: Fields, how: { name: string; least: number; most: number }, place: Place): unknown[] {
  const list = value[how.name]
  if (Array.isArray(list) && list.length >= how.least && list.length <= how.most) return list
  say(place, how.name, `List ${how.least} to ${how.most} ${how.name}.`)
  return []
}

function checkPart(part: unknown, place: Place): void {
  if (!isObject(part)) return say(place, '', 'Write a part with a name, a weight, and a rule or a measure.')
  if (!isName(part.name)) say(place, 'name', 'Name the part in 1 to 100 characters, e.g. “Usage”.')
  if (!isFinite(part.weight) || part.weight <= 0 || part.weight > 1000)
    say(place, 'weight', 'Give a weight greater than 0, at most 1000. Weights are shares of their sum.')
  const hasRule = Object.hasOwn(part, 'rule')
  if (hasRule === Object.hasOwn(part, 'measure')) return say(place, '', 'Give either a rule or a measure.')
  onlyFields(part, ['name', 'weight', hasRule ? 'rule' : 'measure'], place)
  if (hasRule) ruleIssues(part.rule, inside(place, 'rule'))
  else checkMeasure(part.measure, inside(place, 'measure'))
}

function ruleIssues(rule: unknown, place: Place): void {
  for (const { path, message } of checkRule(rule)) say(place, path, message)
}

function checkMeasure(measure: unknown, place: Place): void {
  if (!isObject(measure))
    return say(
      place,
      '',
      'Write a measure, e.g. { "of": { "property": "account.seats" }, "from": 0, "to": 50, "missing": "none" }.',
    )
  onlyFields(measure, ['of', 'from', 'to', 'missing'], place)
  const { of, from, to, missing } = measure
  if (!isFinite(from)) say(place, 'from', 'Give the number at which there are no marks.')
  if (!isFinite(to)) say(place, 'to', 'Give the number at which there are full marks.')
  if (isFinite(from) && from === to)
    say(place, 'to', 'No marks and full marks lie at the same number. Move one of them.')
  if (missing !== 'none' && missing !== 'leave out')
    say(place, 'missing', 'Say what happens where there is no number: "none" (no marks) or "leave out".')
  const at = inside(place, 'of')
  if (!isObject(of) || !Object.hasOwn(of, 'property')) return checkFigure(of, at)
  onlyFields(of, ['property'], at)
  const path = typeof of.property === 'string' && of.property.length <= 300 ? parsePath(of.property) : null
  if (path?.root !== 'contact' && path?.root !== 'account')
    say(at, 'property', 'Name a property that begins with contact. or account., e.g. account.seats.')
}

function checkBands(bands: unknown[], place: Place): void {
  let last: number | null = null
  for (const [i, band] of bands.entries()) {
    const at = inside(place, String(i))
    if (!isObject(band)) {
      say(at, '', 'Write a band, e.g. { "name": "Good", "from": 70, "color": "green" }.')
      continue
    }
    onlyFields(band, ['name', 'from', 'color'], at)
    if (!isName(band.name)) say(at, 'name', 'Name the band in 1 to 100 characters, e.g. “Good”.')
    if (band.color !== undefined && !BAND_COLORS.some((color) => color === band.color))
      say(at, 'color', `Choose one of ${BAND_COLORS.join(', ')}.`)
    if (!isFinite(band.from) || band.from < 0 || band.from > 100) {
      say(at, 'from', 'Give the number the band begins at: 0 to 100.')
      continue
    }
    if (i === 0 && band.from !== 0) say(at, 'from', 'The first band begins at 0, so that every number lies in one.')
    if (last !== null && band.from <= last)
      say(at, 'from', `Bands ascend: this one begins at ${band.from}, the one before at ${last}.`)
    last = band.from
  }
  distinctNames(bands.map(nameOf), place)
}

function checkStage(stage: unknown, place: Place): void {
  if (!isObject(stage)) return say(place, '', 'Write a stage with a name and a rule.')
  onlyFields(stage, ['name', 'rule'], place)
  if (!isName(stage.name)) say(place, 'name', 'Name the stage in 1 to 100 characters, e.g. “Onboarding”.')
  ruleIssues(stage.rule, inside(place, 'rule'))
}
