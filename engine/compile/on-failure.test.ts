import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { compileContext } from '../../test/helpers/manifest.ts'
import { catalog } from '../../nodes/catalog.ts'
import { toManifest } from '../../nodes/to-manifest.ts'
import type { DocumentStep } from '../model/playbook.ts'
import { replay } from '../run/view.ts'
import { compile } from './compile.ts'

let shell: Shell
beforeAll(async () => {
  shell = await createShell()
})
afterAll(() => shell.close())

/** start → bad ─ out → next, and behind its failure what tells of it; the vendor refuses the text “bad”. */
async function run(onFailure: NonNullable<DocumentStep['onFailure']>, edges: Array<[string, string]>) {
  const pad = shell.ports.catalog
  const told = '{{ steps.bad.?fault.?code.orValue("none") }}: {{ steps.bad.?fault.?fix.orValue("none") }}'
  const write = (id: string, text: string) => ({ id, type: 'pad.natural', connection: 'pad', input: { text } })
  const compiled = compile(
    {
      name: 'Tell of failures',
      subject: 'contact',
      enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
      steps: [
        { id: 'start', type: 'trigger.manual', input: {} },
        { ...write('bad', 'bad'), onFailure },
        write('next', 'next'),
        // Where a failure ends the path, there is no fault to read behind it.
        write('tell', onFailure === 'stop' ? 'none' : told),
      ],
      edges: [['start', 'bad'], ...edges],
    },
    {
      ...compileContext,
      manifest: toManifest({
        steps: [...catalog.steps, ...pad.steps.filter((step) => !catalog.steps.includes(step))],
        connectors: [...catalog.connectors, ...pad.connectors],
      }),
      connections: [{ slug: 'pad', app: 'pad' }],
    },
  )
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  shell.outside.written.length = 0
  shell.outside.refused.add('bad')
  const ref = await shell.start(compiled.plan)
  await shell.ended(ref)
  const { state } = replay(compiled.plan, await shell.inputs(ref))
  const statuses = Object.fromEntries(Object.entries(state?.steps ?? {}).map(([id, step]) => [id, step.status]))
  return { ...(await shell.row(ref)), statuses, written: shell.outside.written.map(({ text }) => text) }
}

describe('a published action that fails', () => {
  it('ends its path and the run has failed, where nothing else is said', async () => {
    expect(
      await run('stop', [
        ['bad', 'next'],
        ['next', 'tell'],
      ]),
    ).toMatchObject({
      status: 'failed',
      statuses: { bad: 'failed', next: 'skipped', tell: 'skipped' },
      written: [],
    }) // prettier-ignore
  })

  it('takes its error branch, which tells what went wrong, and the run completes', async () => {
    expect(
      await run('branch', [
        ['bad', 'next'],
        ['bad.error', 'tell'],
      ]),
    ).toMatchObject({
      status: 'completed',
      reason: null,
      statuses: { bad: 'failed', next: 'skipped', tell: 'done' },
      written: ['INVALID_INPUT: Write another.'],
    }) // prettier-ignore
  })

  it('goes on where its author said so, and later steps can tell', async () => {
    expect(
      await run('continue', [
        ['bad', 'next'],
        ['next', 'tell'],
      ]),
    ).toMatchObject({
      status: 'completed',
      statuses: { bad: 'failed', next: 'done', tell: 'done' },
      written: ['next', 'INVALID_INPUT: Write another.'],
    }) // prettier-ignore
  })
})
