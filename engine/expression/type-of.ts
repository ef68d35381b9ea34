import type { ASTNode } from '@marcbachmann/cel-js'
import { chainOf } from './parse.ts'

/** What an expression gives, as far as it can be told before any data is there. */
export type ValueType = 'string' | 'number' | 'boolean' | 'null' | 'list' | 'object' | 'time' | 'unknown'

/** Types of the paths an expression reads; `unknown` where nothing is known. */
export type TypeOfPath = (root: string, path: string[]) => ValueType

export type Typed = { ok: true; type: ValueType } | { ok: false; message: string }

class Mismatch extends Error {}

/** Infers the type of an expression and finds operations its values can never support, e.g. a text times a number. */
export function typeOf(ast: ASTNode, typeOfPath: TypeOfPath): Typed {
  try {
    return { ok: true, type: infer(ast, typeOfPath) }
  } catch (error) {
    if (error instanceof Mismatch) return { ok: false, message: error.message }
    throw error
  }
}

const ARITHMETIC = new Set(['+', '-', '*', '/', '%'])
const ORDER = new Set(['<', '<=', '>', '>='])
const COMPARISON = new Set(['==', '!=', 'in'])

function infer(node: ASTNode, paths: TypeOfPath): ValueType {
  const chain = chainOf(node)
  // An optional path is an Optional until orValue() opens it.
  if (chain) return chain.optional || chain.computed.length > 0 ? 'unknown' : paths(chain.root, chain.path)
  switch (node.op) {
    case 'value':
      return typeOfLiteral(node.args)
    case 'list':
      return 'list'
    case 'map':
      return 'object'
    case '?:':
      need(infer(node.args[0], paths), 'boolean', 'The condition before ? ')
      return unify(infer(node.args[1], paths), infer(node.args[2], paths))
    case '&&':
    case '||':
      for (const side of node.args) need(infer(side, paths), 'boolean', `Each side of ${node.op} `)
      return 'boolean'
    case '!_':
      need(infer(node.args, paths), 'boolean', 'What stands after ! ')
      return 'boolean'
    case '-_':
      need(infer(node.args, paths), 'number', 'What stands after - ')
      return 'number'
    case 'call':
      return RESULTS[node.args[0]] ?? 'unknown'
    case 'rcall':
      return method(node.args, paths)
    default:
      return operator(node, paths)
  }
}

function operator(node: ASTNode, paths: TypeOfPath): ValueType {
  if (!Array.isArray(node.args)) return 'unknown'
  const [left, right] = node.args as [ASTNode, ASTNode]
  const a = infer(left, paths)
  const b = infer(right, paths)
  if (COMPARISON.has(node.op)) return 'boolean'
  if (ORDER.has(node.op)) {
    if (!compatible(a, b)) throw mismatch(node.op, a, b)
    return 'boolean'
  }
  if (!ARITHMETIC.has(node.op)) return 'unknown'
  if (a === 'unknown' || b === 'unknown' || a === 'time' || b === 'time') return a === b ? a : 'unknown'
  const adds = node.op === '+' && (a === 'string' || a === 'list')
  if (a !== b || (a !== 'number' && !adds)) throw mismatch(node.op, a, b)
  return a
}

function method([name, receiver, args]: [string, ASTNode, ASTNode[]], paths: TypeOfPath): ValueType {
  if (name === 'orValue') {
    const chain = chainOf(receiver)
    const inner = chain && chain.computed.length === 0 ? paths(chain.root, chain.path) : 'unknown'
    return args[0] ? unify(inner, infer(args[0], paths)) : 'unknown'
  }
  const on = infer(receiver, paths)
  if (OF_TEXT.has(name)) need(on, 'string', `What stands before .${name}() `)
  return METHODS[name] ?? (name.startsWith('get') ? 'number' : 'unknown')
}

const OF_TEXT = new Set(['startsWith', 'endsWith', 'lowerAscii', 'upperAscii', 'trim', 'split', 'substring'])

const METHODS: { [name: string]: ValueType | undefined } = {
  startsWith: 'boolean',
  endsWith: 'boolean',
  contains: 'boolean',
  hasValue: 'boolean',
  all: 'boolean',
  exists: 'boolean',
  exists_one: 'boolean',
  lowerAscii: 'string',
  upperAscii: 'string',
  trim: 'string',
  substring: 'string',
  join: 'string',
  split: 'list',
  map: 'list',
  filter: 'list',
  size: 'number',
  indexOf: 'number',
  lastIndexOf: 'number',
}

const RESULTS: { [name: string]: ValueType | undefined } = {
  string: 'string',
  int: 'number',
  double: 'number',
  uint: 'number',
  size: 'number',
  round: 'number',
  floor: 'number',
  ceil: 'number',
  bool: 'boolean',
  has: 'boolean',
  timestamp: 'time',
}

function typeOfLiteral(value: unknown): ValueType {
  if (value === null) return 'null'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  return typeof value === 'number' || typeof value === 'bigint' ? 'number' : 'unknown'
}

const compatible = (a: ValueType, b: ValueType): boolean => a === 'unknown' || b === 'unknown' || a === b
const unify = (a: ValueType, b: ValueType): ValueType => (a === b ? a : 'unknown')

function need(type: ValueType, wanted: ValueType, what: string): void {
  if (!compatible(type, wanted)) throw new Mismatch(`${what}must be ${NAMES[wanted]}, but is ${NAMES[type]}.`)
}

export const NAMES: { [type in ValueType]: string } = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
  list: 'a list',
  object: 'an object',
  time: 'a time',
  unknown: 'unknown',
}

const mismatch = (op: string, a: ValueType, b: ValueType): Mismatch =>
  new Mismatch(`${op} between ${NAMES[a]} and ${NAMES[b]} is not possible; make both one type, e.g. with string(…).`)
