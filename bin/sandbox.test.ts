import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freePort } from './embedded/free-port.ts'

let folder: string
let port: number
const started: ChildProcess[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-process-'))
  port = await freePort()
})
afterEach(async () => {
  for (const child of started.splice(0)) await end(child, 'SIGKILL')
  rmSync(folder, { recursive: true })
})

function start(onPort = port, dataDir = folder): ChildProcess {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'sandbox.ts')],
    {
      env: {
        ...process.env,
        SIGNALBOX_DATA_DIR: dataDir,
        SIGNALBOX_SANDBOX_PORT: String(onPort),
        SIGNALBOX_SUPERVISED: '1',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
  started.push(child)
  return child
}

async function ready(child: ChildProcess): Promise<void> {
  if (!child.stdout) throw new Error('No standard output.')
  for await (const line of createInterface({ input: child.stdout })) if (line === 'signalbox:ready') return
  throw new Error('The sandbox ended before it was ready.')
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
  return child.exitCode
}

const put = (email: string) =>
  fetch(`http://127.0.0.1:${port}/_sandbox/intercom/records/contacts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email }),
  })
const emails = async () => {
  const response = await fetch(`http://127.0.0.1:${port}/_sandbox/intercom/records/contacts`)
  return ((await response.json()) as { data: Array<{ email: string }> }).data.map(({ email }) => email)
}

it('loses nothing that was answered when it is killed with -9 under load', async () => {
  const first = start()
  await ready(first)
  const answered: string[] = []
  const writing = Array.from({ length: 4 }, async (_, lane) => {
    for (let n = 0; ; n += 1) {
      const email = `p${lane}-${n}@example.com`
      const response = await put(email).catch(() => null)
      if (response?.status !== 201) return
      answered.push(email)
    }
  })
  await expect.poll(() => answered.length, { timeout: 10_000 }).toBeGreaterThan(100)
  await end(first, 'SIGKILL')
  await Promise.all(writing)
  await ready(start())
  const kept = new Set(await emails())
  expect(answered.filter((email) => !kept.has(email))).toEqual([])
})

it('ends in order at SIGTERM, and when its supervisor is gone', async () => {
  const first = start()
  await ready(first)
  expect(await end(first, 'SIGTERM')).toBe(0)
  const second = start()
  await ready(second)
  const exited = once(second, 'exit')
  second.stdin?.end()
  await exited
  expect(second.exitCode).toBe(0)
})

async function refusal(child: ChildProcess): Promise<string> {
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said += String(chunk)
  })
  await once(child, 'close')
  expect(child.exitCode).toBe(1)
  return said
}

it('says which variable to set when its port is taken', async () => {
  await ready(start())
  const other = mkdtempSync(join(folder, 'other-'))
  const said = await refusal(start(port, other))
  expect(said).toBe(
    `Port ${port} is taken. Set SIGNALBOX_SANDBOX_PORT to a free port, or end the process that holds it.\n`,
  )
})

it('says whose data folder it is when another sandbox has it', async () => {
  await ready(start())
  expect(await refusal(start(await freePort()))).toMatch(/sandbox\.db is in use by another process\. End that sandbox/)
})
