import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { formerPostgresGone } from './former-postgres.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-former-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const lock = (pid: number | undefined) => writeFileSync(join(folder, 'postmaster.pid'), `${pid}\n${folder}\n`)

it('waits for the server that the lock file names', async () => {
  const server = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 400)', 'postgres'], { stdio: 'ignore' })
  const ended = once(server, 'exit')
  lock(server.pid)
  await formerPostgresGone(folder)
  await ended
  expect(server.exitCode).toBe(0)
})

it('does not wait where there is no lock file, nobody has its pid, or another program has it', async () => {
  await formerPostgresGone(folder)
  lock(2 ** 22 - 1)
  await formerPostgresGone(folder)
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  try {
    lock(other.pid)
    await formerPostgresGone(folder)
    expect(other.exitCode).toBeNull()
  } finally {
    other.kill()
  }
})
