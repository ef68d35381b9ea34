import { withoutProduct } from '../../test/helpers/instance.ts'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSandbox } from '../../nodes/sandbox/start.ts'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { createTestDatabase } from '../../test/helpers/postgres.ts'

let api: TestApi
let home: TestWorkspace
let url: string
let folder: string
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  url = await api.server.listen({ host: '127.0.0.1', port: 0 })
  folder = mkdtempSync(join(tmpdir(), 'signalbox-cli-'))
})
afterAll(async () => {
  await api.close()
  rmSync(folder, { recursive: true })
})

interface Answer {
  code: number
  out: string
  err: string
}

function cli(args: string[], env: Record<string, string> = {}): Promise<Answer> {
  const entry = join(import.meta.dirname, '../cli.ts')
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', entry, ...args],
      { cwd: folder, env: { ...withoutProduct(process.env), SIGNALBOX_URL: url, ...env } },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
  })
}

const DOCUMENT = {
  name: 'By hand',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.manual', input: {} },
    { id: 'end', type: 'flow.exit', input: { reason: 'Done' } },
  ],
  edges: [['start', 'end']],
}

describe('over the API', () => {
  it('pushes, publishes, runs, lists and pulls', async () => {
    const env = { SIGNALBOX_API_KEY: await home.key() }
    mkdirSync(join(folder, 'in'))
    writeFileSync(join(folder, 'in/by-hand.json'), JSON.stringify(DOCUMENT))
    expect((await cli(['push', 'in/by-hand.json'], env)).out).toContain('by-hand: saved as revision 1')
    expect(await cli(['publish', 'by-hand'], env)).toMatchObject({ err: '', out: 'by-hand: version 1 is live\n' })
    await home.rest('POST', '/v1/track', { userId: 'u1', event: 'x' })
    const at = new Date(api.clock.now)
    await api.database.db
      .insertInto('contacts')
      .values({
        workspace_id: home.id,
        id: '00000000-0000-7000-8000-000000000001',
        external_id: 'u1',
        created_at: at,
        updated_at: at,
      })
      .execute()
    const started = await cli(['run', 'by-hand', '--contact', 'u1', '--key', 'k'], env)
    expect(started).toMatchObject({ code: 0, out: expect.stringMatching(/^run_\w+\n$/) })
    const listed = await cli(['runs', '--playbook', 'by-hand'], env)
    expect(listed.out.split('\t').slice(0, 2)).toEqual([started.out.trim(), 'queued'])
    const { id: kept } = (
      await home.rest('POST', '/v1/playbooks/by-hand/tests', {
        name: 'It ends',
        from: { dryRun: { subject: { contact: 'u1' } } },
      })
    ).json()
    expect(kept).toEqual(expect.any(String))
    expect(await cli(['test', 'by-hand'], env)).toMatchObject({
      code: 0,
      out: 'ok    by-hand: It ends\n1 passed, 0 failed\n',
    })
    const other = {
      ...DOCUMENT,
      steps: [DOCUMENT.steps[0], { id: 'end', type: 'flow.exit', input: { reason: 'Other' } }],
    }
    await home.rest('PUT', '/v1/playbooks/by-hand', other)
    const failing = await cli(['test'], env)
    expect([failing.code, failing.out]).toEqual([
      1,
      expect.stringContaining('was to end exited (Done), and ends exited (Other)'),
    ])
    await home.rest('PUT', '/v1/playbooks/by-hand', DOCUMENT)
    expect((await cli(['pull'], env)).out).toBe('playbooks/by-hand.json\n')
    expect(JSON.parse(readFileSync(join(folder, 'playbooks/by-hand.json'), 'utf8'))).toEqual(DOCUMENT)
  })

  it('fails with each problem, its place and its remedy', async () => {
    const env = { SIGNALBOX_API_KEY: await home.key() }
    writeFileSync(
      join(folder, 'faulty.json'),
      JSON.stringify({ ...DOCUMENT, steps: [{ id: 'a', type: 'no.such', input: {} }] }),
    )
    const answer = await cli(['push', 'faulty.json'], env)
    expect(answer).toMatchObject({ code: 1, out: expect.stringContaining('steps.a') })
    expect(await cli(['publish', 'faulty'], env)).toMatchObject({
      code: 1,
      err: expect.stringContaining('PLAYBOOK_HAS_PROBLEMS'),
    })
  })

  it('says what to do, without a stack trace, when something is missing or wrong', async () => {
    const env = { SIGNALBOX_API_KEY: 'wrong' }
    const cases: Array<[string[], Record<string, string>, RegExp]> = [
      [['runs'], {}, /SIGNALBOX_API_KEY is not set/],
      [['runs'], env, /KEY_UNKNOWN/],
      [['runs'], { ...env, SIGNALBOX_URL: 'http://127.0.0.1:9' }, /Nothing answers at/],
      [['fly'], env, /no command "fly"/],
      [['runs', '--colour'], env, /colour/],
      [['push', 'none.json'], env, /none.json cannot be read/],
      [['run', 'x'], env, /--contact/],
      [['reset-password'], {}, /reset-password <e-mail>/],
      [['backup', 'b.gz'], {}, /There is no database in/],
    ]
    for (const [args, given, message] of cases) {
      const answer = await cli(args, given)
      expect(answer.code, args.join(' ')).toBe(1)
      expect(answer.err).toMatch(message)
      expect(answer.err).not.toMatch(/\n\s+at /)
    }
    expect((await cli(['help'])).out).toContain('reset-password')
  })
})

describe('on the installation', () => {
  it('sets a new password that works', async () => {
    await home.signIn()
    const { email } = await api.database.db.selectFrom('auth_user').select('email').executeTakeFirstOrThrow()
    const answer = await cli(['reset-password', email], { SIGNALBOX_DATABASE_URL: api.databaseUrl })
    const password = answer.out.trim().split(' ').at(-1) ?? ''
    const signedIn = await api.server.inject({
      method: 'POST',
      url: '/auth/sign-in/email',
      headers: { origin: 'http://localhost:4000' },
      payload: { email, password },
    })
    expect(signedIn.statusCode).toBe(200)
    expect(await cli(['reset-password', 'who@example.com'], { SIGNALBOX_DATABASE_URL: api.databaseUrl })).toMatchObject(
      {
        code: 1,
        err: expect.stringContaining('Nobody signs in with who@example.com'),
      },
    )
  })

  it('backs up and restores', async () => {
    const target = await createTestDatabase({ empty: true })
    try {
      const made = await cli(['backup', 'all.gz'], { SIGNALBOX_DATABASE_URL: api.databaseUrl })
      expect(made).toMatchObject({ code: 0, out: expect.stringContaining('SIGNALBOX_SECRET') })
      const restored = await cli(['restore', 'all.gz'], { SIGNALBOX_DATABASE_URL: target.url })
      expect(restored).toMatchObject({ code: 0, out: expect.stringMatching(/^Restored \d+ rows/) })
      const again = await cli(['restore', 'all.gz'], { SIGNALBOX_DATABASE_URL: target.url })
      expect(again).toMatchObject({ code: 1, err: expect.stringContaining('--force') })
    } finally {
      await target.drop()
    }
  })

  it('backs the running sandboxes up with it, and says so when they answer elsewhere', async () => {
    const dataDir = join(folder, 'instance')
    const sandbox = await startSandbox({ port: 0, dataDir })
    const target = await createTestDatabase({ empty: true })
    const port = new URL(sandbox.url).port
    const env = { SIGNALBOX_DATABASE_URL: api.databaseUrl, SIGNALBOX_SANDBOX: 'on', SIGNALBOX_DATA_DIR: dataDir }
    try {
      const made = await cli(['backup', 'whole.gz'], { ...env, SIGNALBOX_SANDBOX_PORT: port })
      expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/tables, \d+ of the sandboxes\./) })
      const elsewhere = await cli(['backup', 'other.gz'], { ...env, SIGNALBOX_SANDBOX_PORT: '9' })
      expect(elsewhere).toMatchObject({ code: 1, err: expect.stringContaining('Set SIGNALBOX_SANDBOX_PORT') })
      const none = await cli(['backup', 'none.gz'], { SIGNALBOX_DATABASE_URL: api.databaseUrl })
      expect(none.out).toContain('No sandboxes belong to this database')
      const restored = await cli(['restore', 'whole.gz'], {
        SIGNALBOX_DATABASE_URL: target.url,
        SIGNALBOX_SANDBOX: 'on',
        SIGNALBOX_DATA_DIR: join(folder, 'another'),
      })
      expect(restored).toMatchObject({ code: 0, out: expect.stringContaining('The sandboxes have their') })
    } finally {
      await sandbox.close()
      await target.drop()
    }
  }, 60_000)
})
