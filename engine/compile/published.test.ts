import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { documentOf, planFrom } from '../../test/helpers/flow-drawing.ts'
import { compileContext } from '../../test/helpers/manifest.ts'
import { catalog } from '../../nodes/catalog.ts'
import type { Json } from '../../nodes/manifest.ts'
import { toManifest } from '../../nodes/to-manifest.ts'
import type { DocumentStep } from '../model/playbook.ts'
import { replay } from '../run/view.ts'

let shell: Shell
beforeAll(async () => {
  shell = await createShell()
})
afterAll(() => shell.close())

/** Runs a document for real, with the pad that writes down what it is told and refuses what the test says. */
async function published(
  steps: DocumentStep[],
  edges: Array<[string, string]>,
  { refuses, data = {} }: { refuses: string[]; data?: { [name: string]: Json } },
) {
  const pad = shell.ports.catalog
  const start = { id: 'start', type: 'trigger.event', input: { event: 'Order Placed' } }
  const plan = planFrom(documentOf([[start, ...steps], edges]), {
    ...compileContext,
    manifest: toManifest({
      steps: [...catalog.steps, ...pad.steps.filter((step) => !catalog.steps.includes(step))],
      connectors: [...catalog.connectors, ...pad.connectors],
    }),
    connections: [{ slug: 'pad', app: 'pad' }],
  })
  shell.outside.written.length = 0
  for (const text of refuses) shell.outside.refused.add(text)
  const ref = await shell.start(plan, { name: 'Order Placed', properties: data })
  await shell.ended(ref)
  const { state } = replay(plan, await shell.inputs(ref))
  const statuses = Object.fromEntries(Object.entries(state?.steps ?? {}).map(([id, step]) => [id, step.status]))
  return { ref, state, ...(await shell.row(ref)), statuses, written: shell.outside.written.map(({ text }) => text) }
}

const write = (id: string, text: string): DocumentStep => ({
  id,
  type: 'pad.natural',
  connection: 'pad',
  input: { text },
})

/** start → bad ─ out → next, and behind its failure what tells of it; the vendor refuses the text “bad”. */
function run(onFailure: NonNullable<DocumentStep['onFailure']>, edges: Array<[string, string]>) {
  const told = '{{ steps.bad.?fault.?code.orValue("none") }}: {{ steps.bad.?fault.?fix.orValue("none") }}'
  const steps = [
    { ...write('bad', 'bad'), onFailure },
    write('next', 'next'),
    // Where a failure ends the path, there is no fault to read behind it.
    write('tell', onFailure === 'stop' ? 'none' : told),
  ]
  return published(steps, [['start', 'bad'], ...edges], { refuses: ['bad'] })
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

describe('a published list', () => {
  // start → count → orders ─ item → each
  //                        └ error → sorry
  it('is worked through item by item, with a variable that calls nobody, and its failures lead where its author said', async () => {
    const list: DocumentStep = {
      id: 'orders',
      type: 'flow.forEach',
      input: { list: 'trigger.properties.orders', atOnce: 2, onItemFailure: 'continue' },
      onFailure: 'branch',
    }
    const value = '{{ size(trigger.properties.orders) }}'
    const { ref, state, status, statuses, written } = await published(
      [
        { id: 'count', type: 'flow.setVariable', input: { name: 'count', value } },
        list,
        write('each', '{{ item.sku }} of {{ vars.count }}'),
        write('sorry', '{{ steps.orders.fault.message }}'),
      ],
      [
        ['start', 'count'],
        ['count', 'orders'],
        ['orders.item', 'each'],
        ['orders.error', 'sorry'],
      ],
      { refuses: ['b of 3'], data: { orders: [{ sku: 'a' }, { sku: 'b' }, { sku: 'c' }] } },
    )
    expect({ status, statuses }).toEqual({
      status: 'completed',
      statuses: { start: 'done', count: 'done', orders: 'failed', sorry: 'done' },
    })
    expect(state).toMatchObject({ vars: { count: 3 }, steps: { orders: { items: { total: 3, done: 2, failed: 1 } } } })
    expect(written.toSorted()).toEqual([
      expect.stringMatching(/^1 of 3 items failed; the first, number 2: /),
      'a of 3',
      'c of 3',
    ])
    const effects = await shell.database.db
      .selectFrom('effects')
      .select(['step', 'status'])
      .where('run_id', '=', ref.runId)
      .orderBy('step')
      .execute()
    expect(effects).toEqual([
      { step: 'orders:0/each', status: 'landed' },
      { step: 'orders:1/each', status: 'failed' },
      { step: 'orders:2/each', status: 'landed' },
      { step: 'sorry', status: 'landed' },
    ])
  })
})
