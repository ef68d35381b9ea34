import { compile } from '../../engine/compile/compile.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { DocumentStep } from '../../engine/model/playbook.ts'
import { forEach } from '../../nodes/flow/for-each.flow.ts'
import { setVariable } from '../../nodes/flow/set-variable.flow.ts'
import { waitForEvent } from '../../nodes/flow/wait-for-event.flow.ts'
import { waitForRule } from '../../nodes/flow/wait-for-rule.flow.ts'
import type { Json } from '../../nodes/manifest.ts'
import { toManifest } from '../../nodes/to-manifest.ts'
import { manifest as known } from './manifest.ts'

/** Documents about orders, drawn in a line or two, for tests of the steps of flow. */

const flow = toManifest({ steps: [forEach, setVariable, waitForEvent, waitForRule], connectors: [] }).steps
const types = new Set(flow.map(({ type }) => type))
const context = {
  manifest: { ...known, steps: [...known.steps.filter(({ type }) => !types.has(type)), ...flow] },
  connections: [{ slug: 'slack', app: 'slack' }],
  signals: [],
  segments: [],
  properties: { 'contact.name': 'string', 'contact.seats': 'number', 'contact.tags': 'list' } as const,
}

export type Step = Omit<DocumentStep, 'input'> & { input?: DocumentStep['input'] }
export type Drawing = [steps: Step[], edges: Array<[string, string]>]

/** Every drawing begins with an event, `start`. */
export const compiled = ([steps, edges]: Drawing) =>
  compile(
    {
      name: 'Flow',
      subject: 'contact',
      enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
      steps: [
        { id: 'start', type: 'trigger.event', input: { event: 'Order Placed' } },
        ...steps.map((step) => ({ ...step, input: step.input ?? {} })),
      ],
      edges,
    },
    context,
  )

export function planned(...drawing: Drawing): { plan: Plan; of: (id: string) => Plan['steps'][number] | undefined } {
  const made = compiled(drawing)
  if (!made.ok) throw new Error(JSON.stringify(made.problems, null, 1))
  return { plan: made.plan, of: (id) => made.plan.steps.find((step) => step.id === id) }
}

export const said = (...drawing: Drawing) =>
  compiled(drawing).problems.map(({ severity, path, message, fix }) => ({ severity, path, message, fix }))

export const post = (id: string, text: string): Step => ({
  id,
  type: 'slack.postMessage',
  connection: 'slack',
  input: { channel: '#sales', text },
})
export const wait = (input: { [field: string]: Json } = {}): Step => ({
  id: 'wait',
  type: 'flow.waitForEvent',
  input: { event: 'Order Shipped', maxWait: 'P7D', ...input },
})
export const set = (id: string, name: string, value: Json): Step => ({
  id,
  type: 'flow.setVariable',
  input: { name, value },
})
export const list = (input: { [field: string]: Json } = {}): Step => ({
  id: 'orders',
  type: 'flow.forEach',
  input: { list: 'trigger.properties.orders', ...input },
})
