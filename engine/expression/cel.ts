import { Environment } from '@marcbachmann/cel-js'

/** The variables an expression may begin with. */
export const VARIABLES = ['contact', 'account', 'trigger', 'steps', 'vars', 'item'] as const
/** The variables a computed property's formula may begin with. */
export const FORMULA_VARIABLES = ['contact', 'account', 'inputs'] as const

export interface Language<Root extends string> {
  cel: Environment
  variables: readonly Root[]
}

/**
 * The one expression language: CEL, with what JSON needs. Its numbers are doubles while `2` in an expression is an
 * integer, so arithmetic between both is added; lists and maps may be mixed; `.?` and `orValue` say what to do
 * where a value is missing.
 */
function createEnvironment(variables: readonly string[]): Environment {
  const env = new Environment({
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits: { maxAstNodes: 250, maxDepth: 40, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 8 },
  })
  // An item of a list may be any value.
  for (const name of variables) env.registerVariable(name, name === 'item' ? 'dyn' : 'map')
  const arithmetic: { [op: string]: (a: number, b: number) => number } = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
    '%': (a, b) => a % b,
  }
  for (const [op, work] of Object.entries(arithmetic)) {
    env.registerOperator(`double ${op} int`, (a: number, b: bigint) => work(a, Number(b)))
    env.registerOperator(`int ${op} double`, (a: bigint, b: number) => work(Number(a), b))
  }
  env.registerOperator('double % double', (a: number, b: number) => a % b)
  env.registerFunction('round(double): double', (value: number) => Math.round(value), {
    description: 'The nearest whole number; halves go up.',
  })
  env.registerFunction('floor(double): double', (value: number) => Math.floor(value))
  env.registerFunction('ceil(double): double', (value: number) => Math.ceil(value))
  return env
}

export const cel: Environment = createEnvironment(VARIABLES)
export const formulaCel: Environment = createEnvironment(FORMULA_VARIABLES)
