import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** What the tests read of docker-compose.yml. */
export type ComposeService = {
  image?: string
  container_name?: string
  ports?: string[]
  command?: string[]
  environment?: Record<string, string>
  healthcheck?: { test: string[] }
  depends_on?: Record<string, { condition: string }>
}
export type Compose = { services: Record<string, ComposeService> }

const ROOT = join(import.meta.dirname, '../..')
const VARIABLE = /\$\{([A-Z_]+)(?::([-?])([^}]*))?\}/g

/** docker-compose.yml as text. */
export const composeText = () => readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')

/** docker-compose.yml, its anchors merged and its variables still in place. */
export const readCompose = (): Compose => parse(composeText(), { merge: true })

/** Every variable that docker-compose.yml reads, and whether it must be set. */
export function composeVariables(): Map<string, { required: boolean }> {
  const found = [...composeText().matchAll(VARIABLE)]
  return new Map(found.map(([, name = '', operator]) => [name, { required: operator === '?' }]))
}

/**
 * The environment that Compose would give a service.
 * @throws naming the variable that must be set
 */
export function serviceEnvironment(name: string, variables: Record<string, string>): Record<string, string> {
  const environment = readCompose().services[name]?.environment ?? {}
  const resolve = (_: string, variable: string, operator: string | undefined, rest: string | undefined) => {
    const value = variables[variable]
    if (value !== undefined && value !== '') return value
    if (operator === '?') throw new Error(`${variable} must be set: ${rest}`)
    return operator === '-' ? (rest ?? '') : ''
  }
  return Object.fromEntries(
    Object.entries(environment).map(([key, value]) => [key, String(value).replace(VARIABLE, resolve)]),
  )
}
