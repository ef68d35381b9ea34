import type { ASTNode } from '@marcbachmann/cel-js'
import { cel, FORMULA_VARIABLES, type Language, formulaCel, VARIABLES } from './cel.ts'
import { remembered } from './remembered.ts'

export type Variable = (typeof VARIABLES)[number]

export interface ParsedExpression<Root extends string = Variable> {
  source: string
  ast: ASTNode
  reads: Array<PathRead<Root>>
  run: (context: { [name: string]: unknown }) => unknown
}

/** A path an expression reads, e.g. `contact.name`, `steps["find-opp"].id`. */
export interface PathRead<Root extends string = Variable> {
  root: Root
  path: string[]
  /** Whether the expression says what happens when it is missing (`has()`, `.?`). */
  optional: boolean
}

export type ExpressionResult<Root extends string = Variable> =
  | { ok: true; expression: ParsedExpression<Root> }
  | { ok: false; message: string }

const MOST_CHARACTERS = 2_000
/** Each may multiply the size of its list: two in a row over what a person writes stay small. */
const MOST_COMPREHENSIONS = 3

const REMEMBERED = 4_000

/** Parses and checks one CEL expression. The message of a failure is for the person who wrote it. */
export const parseExpression = remembered(REMEMBERED, (source): ExpressionResult => {
  if (source === '') return { ok: false, message: 'There is nothing between {{ and }}: write e.g. {{ contact.name }}.' }
  return parseNew({ cel, variables: VARIABLES }, source)
})

export type FormulaVariable = (typeof FORMULA_VARIABLES)[number]

/** The same language over `contact`, `account` and `inputs`: what a computed property is worked out from. */
export const parseFormula = remembered(REMEMBERED, (source): ExpressionResult<FormulaVariable> => {
  if (source === '') return { ok: false, message: 'Write a formula, e.g. inputs.logins / contact.seats.' }
  return parseNew({ cel: formulaCel, variables: FORMULA_VARIABLES }, source)
})

function parseNew<Root extends string>(language: Language<Root>, source: string): ExpressionResult<Root> {
  if (source.length > MOST_CHARACTERS)
    return { ok: false, message: `An expression may have ${MOST_CHARACTERS} characters; this has ${source.length}.` }
  try {
    const run = language.cel.parse(source)
    // Before the check: it expands macros in place.
    const walk: Walk<Root> = { variables: language.variables, reads: [], comprehensions: 0, refusal: null }
    visit(walk, run.ast, { bound: [], optional: false, inside: 0 })
    if (walk.refusal !== null) return { ok: false, message: walk.refusal }
    const checked = run.check()
    if (!checked.valid) return { ok: false, message: words(language, source, checked.error) }
    return { ok: true, expression: { source, ast: run.ast, reads: walk.reads, run } }
  } catch (error) {
    return { ok: false, message: words(language, source, error) }
  }
}

function words({ variables }: Language<string>, source: string, error: unknown): string {
  const first = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
  const unknown = /Unknown variable: (\S+)/.exec(first)
  if (unknown) return `"${unknown[1]}" is unknown here: begin with ${variables.join(', ')}.`
  if (/no such overload|found no matching overload/.test(first)) return `{{ ${source} }}: ${plainOverload(first)}`
  return `{{ ${source} }}: ${first}.`
}

const plainOverload = (text: string): string =>
  `${text.replace(/dyn<(\w+)>/g, '$1').replace(/no such overload|found no matching overload for/, 'not possible')}. ` +
  'Make both sides one type, e.g. with string(…) or double(…).'

interface Walk<Root extends string> {
  variables: readonly Root[]
  reads: Array<PathRead<Root>>
  comprehensions: number
  refusal: string | null
}

interface Place {
  /** Names bound by a macro around: they hide the variables. */
  bound: string[]
  optional: boolean
  /** How many comprehensions stand around. */
  inside: number
}

const COMPREHENSIONS = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

function visit<Root extends string>(walk: Walk<Root>, node: ASTNode, place: Place): void {
  const chain = chainOf(node)
  if (chain) {
    if (!place.bound.includes(chain.root)) addRead(walk, chain, place.optional)
    for (const index of chain.computed) visit(walk, index, { ...place, optional: false })
    return
  }
  switch (node.op) {
    case 'value':
      return
    case 'call':
      for (const arg of node.args[1]) visit(walk, arg, { ...place, optional: node.args[0] === 'has' })
      return
    case 'rcall':
      return visitMethod(walk, node.args, place)
    case 'list':
      for (const item of node.args) visit(walk, item, place)
      return
    case 'map':
      for (const [key, value] of node.args) for (const part of [key, value]) visit(walk, part, place)
      return
    default:
      for (const child of childrenOf(node)) visit(walk, child, { ...place, optional: false })
  }
}

function visitMethod<Root extends string>(
  walk: Walk<Root>,
  [name, receiver, args]: [string, ASTNode, ASTNode[]],
  place: Place,
): void {
  if (name === 'matches') {
    walk.refusal = 'matches() is not available: a pattern can take minutes. Use contains(), startsWith() or endsWith().'
    return
  }
  if (name === 'bind') {
    walk.refusal = 'cel.bind() is not available: write the expression out.'
    return
  }
  visit(walk, receiver, { ...place, optional: name === 'orValue' || name === 'or' || name === 'hasValue' })
  const variable = args[0]
  if (!COMPREHENSIONS.has(name) || variable?.op !== 'id') {
    for (const arg of args) visit(walk, arg, { ...place, optional: false })
    return
  }
  walk.comprehensions += 1
  if (place.inside > 0 || walk.comprehensions > MOST_COMPREHENSIONS)
    walk.refusal = `${name}() inside another, or more than ${MOST_COMPREHENSIONS} of them: use a step for work of that size.`
  const bound = [...place.bound, variable.args]
  for (const arg of args.slice(1)) visit(walk, arg, { bound, optional: false, inside: place.inside + 1 })
}

const childrenOf = (node: ASTNode): ASTNode[] =>
  (Array.isArray(node.args) ? node.args : [node.args]).filter(
    (arg): arg is ASTNode => typeof arg === 'object' && arg !== null && 'op' in arg,
  )

export interface Chain {
  root: string
  path: string[]
  optional: boolean
  /** Indexes that are worked out: the path ends before the first of them. */
  computed: ASTNode[]
}

/** `contact.a["b"].?c` as root and path; null where the node is no such chain. */
export function chainOf(node: ASTNode): Chain | null {
  if (node.op === 'id') return { root: node.args, path: [], optional: false, computed: [] }
  if (node.op !== '.' && node.op !== '.?' && node.op !== '[]' && node.op !== '[?]') return null
  const chain = chainOf(node.args[0])
  if (chain === null) return null
  if (node.op === '.?' || node.op === '[?]') chain.optional = true
  if (node.op === '.' || node.op === '.?') {
    if (chain.computed.length === 0) chain.path.push(node.args[1])
    return chain
  }
  const index = node.args[1]
  if (chain.computed.length > 0 || index.op !== 'value') chain.computed.push(index)
  else chain.path.push(String(index.args))
  return chain
}

function addRead<Root extends string>(walk: Walk<Root>, chain: Chain, optional: boolean): void {
  const root = walk.variables.find((name) => name === chain.root)
  if (root !== undefined) walk.reads.push({ root, path: chain.path, optional: optional || chain.optional })
}
