import { parseFormula } from '../expression/parse.ts'
import { typeOf, type TypeOfPath, type ValueType } from '../expression/type-of.ts'
import type { ComputedDefinition } from '../model/computed.ts'
import { type EventFigure, FIGURES } from '../model/figure.ts'
import { SUBJECT_FIELDS } from '../model/path.ts'
import { checkFigure } from './check-figure.ts'
import { type DefinitionIssue, type Fields, inside, isObject, onlyFields, type Place, say } from './place.ts'

/** Each is worked out for every subject whenever one of its events comes. */
export const MOST_INPUTS = 20

const INPUT_NAME = /^[A-Za-z][A-Za-z0-9_]{0,49}$/
/** Kept beside the properties, not among them. */
const NAMED: readonly string[] = ['email', 'name', ...SUBJECT_FIELDS]

export interface ComputedSubject {
  subject: 'contact' | 'account'
  /** Types of known properties by path, e.g. `contact.seats`; what is not there is of unknown type. */
  properties?: { [path: string]: ValueType }
}

/**
 * Whether a value is a computed property's definition: that its formula can be read, its types fit, it reads only what
 * is there, and not itself. An empty answer means that it is a `ComputedDefinition`.
 */
export function checkComputed(value: unknown, about: ComputedSubject): DefinitionIssue[] {
  const issues: DefinitionIssue[] = []
  const place: Place = { path: '', issues }
  if (!isObject(value)) return [{ path: '', message: 'Write { "property": …, "formula": …, "inputs": { … } }.' }]
  onlyFields(value, ['property', 'formula', 'inputs'], place)
  checkProperty(value.property, place)
  const figures = checkInputs(value.inputs, inside(place, 'inputs'))
  checkFormula(value, { about, figures }, place)
  return issues
}

function checkProperty(property: unknown, place: Place): void {
  if (typeof property !== 'string' || property.trim() === '' || property.length > 200 || /[.\s]/.test(property))
    return say(place, 'property', 'Name the property without dots and spaces, e.g. logins_per_seat.')
  if (NAMED.includes(property) || property.startsWith('__'))
    say(place, 'property', `“${property}” is written by others. Choose another name, e.g. computed_${property}.`)
}

function checkInputs(inputs: unknown, place: Place): Map<string, EventFigure> {
  const figures = new Map<string, EventFigure>()
  if (!isObject(inputs)) {
    say(
      place,
      '',
      'Name the figures the formula needs: { "logins": { "figure": "count", "event": "Logged In" } }, or {}.',
    )
    return figures
  }
  const names = Object.keys(inputs)
  if (names.length > MOST_INPUTS) say(place, '', `A formula may have ${MOST_INPUTS} inputs; this has ${names.length}.`)
  for (const [name, input] of Object.entries(inputs)) {
    if (!INPUT_NAME.test(name))
      say(place, name, `“${name}” is no name for an input: letters, digits and _, beginning with a letter, at most 50.`)
    checkFigure(input, inside(place, name))
    if (isObject(input) && FIGURES.some((figure) => figure === input.figure))
      figures.set(name, input as unknown as EventFigure)
  }
  return figures
}

interface World {
  about: ComputedSubject
  figures: Map<string, EventFigure>
}

function checkFormula(value: Fields, world: World, place: Place): void {
  const { formula, property } = value
  if (typeof formula !== 'string') return say(place, 'formula', 'Write a formula, e.g. inputs.logins / contact.seats.')
  const parsed = parseFormula(formula.trim())
  if (!parsed.ok) return say(place, 'formula', parsed.message)
  for (const { root, path } of parsed.expression.reads) {
    const [name] = path
    if (name === undefined)
      say(
        place,
        'formula',
        `"${root}" alone, or with a name that is worked out, does not say what is read. Name it, e.g. ${root}.name.`,
      )
    else if (root === 'inputs' && !world.figures.has(name))
      say(place, 'formula', `There is no input “${name}”. Add it under inputs, or correct the name.`)
    else if (root === 'contact' && world.about.subject === 'account')
      say(
        place,
        'formula',
        `contact.${name}: this is about accounts, which have many contacts. Use a property of the account.`,
      )
    else if (root === world.about.subject && name === property)
      say(place, 'formula', `A property cannot be worked out from itself: take ${root}.${name} out of the formula.`)
  }
  const typed = typeOf(parsed.expression.ast, typesOf(world))
  if (!typed.ok) say(place, 'formula', typed.message)
  else if (typed.type === 'object')
    say(place, 'formula', 'The formula gives an object. Give one value, e.g. a number, a text or a list.')
}

const typesOf =
  ({ about, figures }: World): TypeOfPath =>
  (root, path) => {
    const [name = ''] = path
    if (root === 'inputs') return path.length === 1 ? typeOfFigure(figures.get(name)) : 'unknown'
    if (path.length === 1 && name === 'id') return 'string'
    const known = `${root}.${path.join('.')}`
    const { properties } = about
    return properties && Object.hasOwn(properties, known) ? (properties[known] ?? 'unknown') : 'unknown'
  }

function typeOfFigure(figure: EventFigure | undefined): ValueType {
  if (figure === undefined) return 'unknown'
  if (figure.figure !== 'first' && figure.figure !== 'last') return 'number'
  return figure.of === undefined ? 'string' : 'unknown'
}

/** @returns the definition, or null where `checkComputed` has something to say */
export const asComputed = (value: unknown, about: ComputedSubject): ComputedDefinition | null =>
  checkComputed(value, about).length === 0 ? (value as ComputedDefinition) : null
