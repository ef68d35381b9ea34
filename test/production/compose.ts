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

/**
 * docker-compose.yml as Compose would see it.
 * @throws naming the variable that must be set
 */
export function resolveCompose(variables: Record<string, string>): Compose {
  const resolve = (...match: (string | undefined)[]) => {
    const [, name = '', operator, rest] = match
    const value = variables[name]
    if (value !== undefined && value !== '') return value
    if (operator === '?') throw new Error(`${name} must be set: ${rest}`)
    return operator === '-' ? (rest ?? '') : ''
  }
  return JSON.parse(JSON.stringify(readCompose()), (_key, value) =>
    typeof value === 'string' ? value.replace(VARIABLE, resolve) : value,
  )
}

/** Every variable that docker-compose.yml reads, and whether it must be set. */
export function composeVariables(): Map<string, { required: boolean }> {
  const found = [...composeText().matchAll(VARIABLE)]
  return new Map(found.map(([, name = '', operator]) => [name, { required: operator === '?' }]))
}

/** The environment that Compose would give a service. */
export function serviceEnvironment(name: string, variables: Record<string, string>): Record<string, string> {
  return resolveCompose(variables).services[name]?.environment ?? {}
}
