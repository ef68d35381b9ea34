import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addToCatalog } from './add-to-catalog.ts'

const repository = join(import.meta.dirname, '..', '..')
let copy: string

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'signalbox-new-node-'))
  for (const part of ['nodes', 'tsconfig.json', 'biome.json', 'package.json', 'test/helpers/step-context.ts'])
    cpSync(join(repository, part), join(copy, part), { recursive: true })
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'))
})
afterAll(() => rmSync(copy, { recursive: true, force: true }))

const newNode = (...types: string[]) => {
  const program = join(repository, 'bin', 'new-node.ts')
  return spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...types], {
    cwd: copy,
    encoding: 'utf8',
  })
}
const inCopy = (path: string) => readFileSync(join(copy, path), 'utf8')
const program = (...parts: string[]) => join(repository, 'node_modules', ...parts)

describe('npm run new:node', () => {
  it('writes definition, test, fixture and catalog line, which type check, are formatted and load', () => {
    const written = newNode('slack.archiveChannel')
    expect(written.stderr).toBe('')
    expect(written.status).toBe(0)
    const files = [
      'nodes/slack/archive-channel.action.ts',
      'nodes/slack/archive-channel.action.test.ts',
      'nodes/slack/fixtures/archive-channel.json',
    ]
    for (const file of files) {
      expect(written.stdout).toContain(`wrote: ${file}`)
      expect(existsSync(join(copy, file))).toBe(true)
    }
    expect(inCopy('nodes/catalog.ts')).toContain("import { archiveChannel } from './slack/archive-channel.action.ts'\n")

    const check = { extends: './tsconfig.json', include: [], files: ['nodes/catalog.ts', ...files.slice(0, 2)] }
    writeFileSync(join(copy, 'tsconfig.check.json'), JSON.stringify(check))
    execFileSync(
      process.execPath,
      [program('@typescript', 'native', 'bin', 'tsc'), '--noEmit', '-p', 'tsconfig.check.json'],
      {
        cwd: copy,
      },
    )
    execFileSync(program('.bin', 'biome'), ['format', 'nodes/catalog.ts', ...files], { cwd: copy })

    const load = `import { catalog } from './nodes/catalog.ts'
      import { toManifest } from './nodes/to-manifest.ts'
      console.log(JSON.stringify(toManifest(catalog).steps.find((step) => step.type === 'slack.archiveChannel')))`
    const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', load]
    const step: unknown = JSON.parse(execFileSync(process.execPath, options, { cwd: copy, encoding: 'utf8' }))
    expect(step).toMatchObject({ label: 'Archive channel', group: 'Slack', repeat: { mode: 'review' } })
  }, 60_000)

  it('keeps two actions of one name apart', () => {
    expect(newNode('slack.send').status).toBe(0)
    const text = inCopy('nodes/catalog.ts')
    expect(text).toContain("import { send as slackSend } from './slack/send.action.ts'\n")
    expect(text).toContain('    slackSend,\n')
  })

  it.each([
    ['closeConversation', 'is no step type'],
    ['Intercom.close', 'is no step type'],
    ['intercom.CloseConversation', 'is no step type'],
    ['intercom.close-conversation', 'is no step type'],
    ['intercom.close.conversation', 'is no step type'],
    ['../../evil.run', 'is no step type'],
    ['trigger.email', 'write it by hand'],
    ['flow.loop', 'write it by hand'],
    ['hubspot.createContact', 'write the connector of “hubspot” first'],
    ['slack.postMessage', 'exists already'],
  ])('refuses %s and says why', (type, words) => {
    const before = inCopy('nodes/catalog.ts')
    const refused = newNode(type)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain(words)
    expect(inCopy('nodes/catalog.ts')).toBe(before)
  })

  it.each([[[]], [['slack.one', 'slack.two']]])('asks for one name when given %j', (types) => {
    const refused = newNode(...types)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain('npm run new:node intercom.closeConversation')
  })
})

describe('addToCatalog', () => {
  const entry = { from: './b/x.action.ts', exported: 'x', app: 'b' }

  it('keeps the imports sorted', () => {
    const text = [
      "import type { Catalog } from './define.ts'",
      "import { a } from './a/a.action.ts'",
      "import { c } from './c/c.action.ts'",
      '',
      'export const catalog: Catalog = {',
      '  steps: [',
      '    a,',
      '    c,',
      '    // `npm run new:node` adds its lines above this one',
      '  ],',
      '}',
    ].join('\n')
    const added = addToCatalog(text, entry)
    expect(added.ok && added.text.split('\n').slice(0, 4)).toEqual([
      "import type { Catalog } from './define.ts'",
      "import { a } from './a/a.action.ts'",
      "import { x } from './b/x.action.ts'",
      "import { c } from './c/c.action.ts'",
    ])
    expect(added.ok && added.text).toContain('    c,\n    x,\n    // `npm run')
    expect(added.ok && addToCatalog(added.text, entry).ok).toBe(false)
  })

  it('refuses a catalog that has lost its marker, and says what to put back', () => {
    const added = addToCatalog('export const catalog = { steps: [] }', entry)
    expect(added.ok ? '' : added.problem).toContain('put it back')
  })
})
