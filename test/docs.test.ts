import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { demoAccounts } from '../api/demo/people.ts'
import { readEnvironment } from '../bin/environment.ts'
import { errorDocs } from '../bin/gen/error-docs.ts'
import { planNewNode } from '../bin/new-node/new-node.ts'
import { compile } from '../engine/compile/compile.ts'
import { catalog } from '../nodes/catalog.ts'
import { toManifest } from '../nodes/to-manifest.ts'

/** The documents make claims about the code; these are the ones a machine can check. */

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const PAGES = [
  ...readdirSync(ROOT),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((path) => `docs/${path}`),
].filter((path) => path.endsWith('.md'))
const GUIDES = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'docs/production.md']

describe('documents', () => {
  it.each(PAGES)('%s links to places that are there', (page) => {
    const lost = linksOf(read(page)).filter((link) => !resolves(page, link))
    expect(lost).toEqual([])
  })

  it.each(GUIDES)('%s names npm scripts that are there', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { [name: string]: string } }
    const named = [...read(page).matchAll(/\bnpm (?:run ([a-z:]+)|(start|test)\b)/g)].map(([, run, own]) => run ?? own)
    expect(named.filter((name) => name === undefined || !(name in scripts))).toEqual([])
  })

  it.each(GUIDES)('%s names commands of npx signalbox that are there', (page) => {
    const commands = [...read('bin/cli.ts').matchAll(/^ {2}'?([a-z-]+)'?: async \(\) =>/gm)].map(([, name]) => name)
    expect(commands).toContain('publish')
    const named = [...read(page).matchAll(/\bnpx signalbox ([a-z-]+)/g)].map(([, name]) => name)
    expect(named.filter((name) => !commands.includes(name))).toEqual([])
  })

  it.each(GUIDES)('%s names files that are there, or that its example would write', (page) => {
    const example = planNewNode(ROOT, 'intercom.closeConversation')
    const written = example.ok ? example.node.files.map(({ path }) => path) : []
    const named = [...read(page).matchAll(/`((?:api|bin|deploy|docs|editor|engine|nodes|scripts|test)\/[\w./-]+)`/g)]
    const paths = named.map(([, path]) => path ?? '').filter((path) => !written.includes(path))
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})

describe('README.md', () => {
  const rows = tableAfter(read('README.md'), '## Configuration')

  it('lists exactly the variables that bin/environment.ts reads', () => {
    const inSource = [...read('bin/environment.ts').matchAll(/^ {4}([A-Z][A-Z_]+): /gm)].map(([, name]) => name ?? '')
    expect(inSource.length).toBeGreaterThan(10)
    expect(rows.flatMap(([names]) => variablesIn(names ?? '')).sort()).toEqual(inSource.sort())
  })

  it('gives the defaults that npm start has', () => {
    const { host, port, publicUrl, sandboxPort, temporal } = readEnvironment({}, { sandbox: true, demo: true })
    const defaults = new Map(rows.map(([names, fallback]) => [variablesIn(names ?? '')[0], fallback]))
    expect(defaults.get('SIGNALBOX_HOST')).toBe(`\`${host}\``)
    expect(defaults.get('SIGNALBOX_PORT')).toBe(`\`${port}\``)
    expect(defaults.get('SIGNALBOX_PUBLIC_URL')).toBe(`\`${publicUrl}\``)
    expect(defaults.get('SIGNALBOX_DATA_DIR')).toBe('`.signalbox`')
    expect(defaults.get('SIGNALBOX_SANDBOX_PORT')).toBe(`\`${sandboxPort}\``)
    expect(defaults.get('TEMPORAL_NAMESPACE')).toBe(`\`${temporal.namespace}\``)
  })

  it('names the node of package.json, and CI runs its test command and nothing else', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } }
    expect(read('README.md')).toContain(engines.node.replace('>=', '').replace(/\.0$/, ''))
    const commands = read('.ci/run')
      .split('\n')
      .filter((line) => line !== '' && !/^(#|set |cd )/.test(line))
    expect(commands).toEqual(['npm test'])
  })
})

describe('the main job in README.md', () => {
  it('is a document that compiles without a problem', () => {
    const text = /```json\n(.*?)```/s.exec(read('README.md'))?.[1] ?? ''
    const connections = ['intercom', 'salesforce'].map((app) => ({ slug: app, app }))
    const context = { manifest: toManifest(catalog), connections, signals: ['expansion-ready'], segments: [] }
    expect(compile(JSON.parse(text), context)).toMatchObject({ ok: true })
  })

  it('is about people of the demo whose account is large enough and can still grow', () => {
    const people = new Set([...read('README.md').matchAll(/\bu-\d+\b/g)].map(([id]) => id))
    expect(people.size).toBeGreaterThan(0)
    for (const id of people) {
      const account = demoAccounts().find(({ contacts }) => contacts.some(({ userId }) => userId === id))
      expect(account?.mrr, id).toBeGreaterThan(100)
      expect(['starter', 'team', 'business'], id).toContain(account?.plan)
    }
  })
})

describe('docs/errors', () => {
  const folder = join(ROOT, 'docs', 'errors')
  const present = new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith('.md'))
      .map((file) => [file, readFileSync(join(folder, file), 'utf8')] as [string, string]),
  )
  const wanted = errorDocs(ROOT, present)

  it('has a page for every code and no other (run `npm run gen`, then write it)', () => {
    expect([...present.keys()].sort()).toEqual([...wanted.keys()].sort())
  })

  it.each([...wanted])('%s says where it appears as the code does (run `npm run gen` if not)', (file, text) => {
    expect(present.get(file)).toBe(text)
  })

  it.each([...present].filter(([file]) => file !== 'README.md'))(
    '%s says what it means and what to do',
    (file, text) => {
      const [title, meaning] = text.split('\n\n')
      expect(title).toBe(`# ${file.replace('.md', '')}`)
      expect(meaning).toMatch(/^[^#\s].{15,}\.$/s)
      expect(text.split('## What to do\n\n')[1]).toMatch(/^[^#\s].{6,}\.\n$/s)
    },
  )
})

/** Targets of Markdown links and images that lead to files, code left out. */
function linksOf(page: string): string[] {
  const prose = page.replaceAll(/```.*?```/gs, '').replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^[a-z]+:/.test(target))
}

function resolves(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : normalize(join(dirname(page), path))
  if (!existsSync(join(ROOT, target))) return false
  return anchor === undefined || headingsOf(read(target)).includes(anchor)
}

/** As GitHub names them. */
const headingsOf = (page: string): string[] =>
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    (title ?? '')
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )

/** Rows of the first table below a heading, cells trimmed. */
function tableAfter(page: string, heading: string): string[][] {
  const section = page.split(`\n${heading}\n`)[1]?.split(/\n## /)[0] ?? ''
  const lines = section.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  )
}

const variablesIn = (cell: string): string[] => [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name ?? '')
