import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildWhenChanged } from './built.mjs'
import { takeLock } from './lock.mjs'
import { arePackagesInstalled, findNode, installPackages } from './packages.mjs'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'signalbox-bootstrap-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const packageFiles = (version: string) => {
  const lock = { name: 'tiny', version, lockfileVersion: 3, packages: { '': { name: 'tiny', version } } }
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'tiny', version }))
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(lock))
}

describe('packages', () => {
  it('are installed when missing and again when the lock file changed', async () => {
    packageFiles('1.0.0')
    expect(arePackagesInstalled(root)).toBe(false)
    await installPackages(root)
    expect(arePackagesInstalled(root)).toBe(true)
    packageFiles('1.0.1')
    expect(arePackagesInstalled(root)).toBe(false)
  })

  it('that were installed by hand and fit are taken as they are', () => {
    const entry = { version: '1.0.0', integrity: 'sha512-a' }
    const lock = { packages: { '': {}, 'node_modules/a': entry, 'node_modules/b': { ...entry, optional: true } } }
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify(lock))
    mkdirSync(join(root, 'node_modules'))
    const record = (packages: object) =>
      writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }))
    record({ 'node_modules/a': { ...entry, integrity: 'sha512-other' } })
    expect(arePackagesInstalled(root)).toBe(false)
    record({})
    expect(arePackagesInstalled(root)).toBe(false)
    record({ 'node_modules/a': entry })
    expect(arePackagesInstalled(root)).toBe(true)
  })

  it('that cannot be installed end in a message that says what to look at', async () => {
    writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'tiny', dependencies: { absent: '1.0.0' } }))
    writeFileSync(
      join(root, 'package-lock.json'),
      JSON.stringify({ name: 'tiny', lockfileVersion: 3, packages: { '': {} } }),
    )
    await expect(installPackages(root)).rejects.toThrow(/npm ci failed in .*[^]*run `npm install` once/)
  })
})

describe('Node', () => {
  it('is the one that runs when it is new enough', async () => {
    expect(await findNode(root, '22.19.0')).toBe(process.execPath)
    expect(await findNode(root, '24.0.0')).toBe(process.execPath)
  })

  it('is the one npm brought when an old one runs, else the message says what to install', async () => {
    await expect(findNode(root, '22.18.9')).rejects.toThrow(
      /needs Node 22\.19 or newer; this is 22\.18\.9[^]*install Node 24/,
    )
    const brought = join(root, 'node_modules/.bin/node')
    mkdirSync(join(brought, '..'), { recursive: true })
    writeFileSync(brought, '#!/bin/sh\necho v24.0.0\n', { mode: 0o755 })
    expect(await findNode(root, '20.20.2')).toBe(brought)
  })
})

describe('a build', () => {
  it('runs when its sources or its output changed, and not otherwise', async () => {
    mkdirSync(join(root, 'source/deep'), { recursive: true })
    writeFileSync(join(root, 'source/deep/a.ts'), '1')
    const program = `require('fs').appendFileSync('made', 'x')`
    const build = {
      title: 'Building',
      sources: ['source', 'absent'],
      output: 'made',
      command: [process.execPath, '-e', program] as [string, ...string[]],
    }
    const times = async () => {
      await buildWhenChanged(root, build)
      return readFileSync(join(root, 'made'), 'utf8').length
    }
    expect([await times(), await times()]).toEqual([1, 1])
    writeFileSync(join(root, 'source/deep/a.test.ts'), 'a test builds nothing')
    expect(await times()).toBe(1)
    writeFileSync(join(root, 'source/deep/a.ts'), '2')
    expect([await times(), await times()]).toEqual([2, 2])
    rmSync(join(root, 'made'))
    expect(await times()).toBe(1)
  })

  it('that fails says what it said, without a stack trace of ours', async () => {
    const command: [string, ...string[]] = [process.execPath, '-e', 'console.error("cannot find x"); process.exit(3)']
    const failed = buildWhenChanged(root, { title: 'Building', sources: [], output: 'made', command })
    await expect(failed).rejects.toThrow(/^Building failed\. It said last:\ncannot find x$/)
  })
})

describe('the lock', () => {
  it('lets one process in at a time and tells the others that they wait', async () => {
    const path = join(root, 'lock')
    const order = join(root, 'order')
    writeFileSync(order, '')
    const program = `
      import { appendFileSync } from 'node:fs'
      import { takeLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.mjs'))}
      const release = await takeLock(${JSON.stringify(path)}, (line) => console.log(line))
      appendFileSync(${JSON.stringify(order)}, 'in ')
      await new Promise((resolve) => setTimeout(resolve, 300))
      appendFileSync(${JSON.stringify(order)}, 'out ')
      release()`
    const all = [1, 2, 3].map(() => spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' }))
    let said = ''
    for (const child of all) child.stdout.on('data', (chunk) => (said += chunk))
    await Promise.all(all.map((child) => once(child, 'close')))
    expect(readFileSync(order, 'utf8')).toBe('in out in out in out ')
    expect(said).toMatch(/Another bootstrap of this clone \(pid \d+\) is at work; waiting for it/)
    expect(existsSync(path)).toBe(false)
  })

  it('that a killed process left behind counts for nothing', async () => {
    const path = join(root, 'lock')
    const dead = spawnSync(process.execPath, ['-e', '0']).pid
    writeFileSync(path, `${dead}\n`)
    const release = await takeLock(path, () => undefined)
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`)
    release()
    expect(existsSync(path)).toBe(false)
  })
})

it('refuses an unknown purpose in one line', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'bootstrap.mjs'), 'fly'])
  expect(status).toBe(1)
  expect(String(stderr).trim()).toBe('Usage: node scripts/bootstrap.mjs start|test')
})
