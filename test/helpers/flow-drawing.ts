import { compile } from '../../engine/compile/compile.ts'
import type { CompileContext } from '../../engine/compile/context.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { DocumentStep, Enrollment, PlaybookDocument } from '../../engine/model/playbook.ts'
import type { Json } from '../../nodes/manifest.ts'
import { manifest } from './manifest.ts'

/** Documents about orders, drawn in a line or two, for tests of the steps of flow. */

const context = {
  manifest,
  connections: [{ slug: 'slack', app: 'slack' }],
  signals: [],
  segments: [],
  properties: {
    'contact.name': 'string',
    'contact.plan': 'string',
    'contact.seats': 'number',
    'contact.tags': 'list',
  } as const,
}

export type Step = Omit<DocumentStep, 'input'> & { input?: DocumentStep['input'] }
export type Drawing = [steps: Step[], edges: Array<[string, string]>]

/** A playbook of these steps for contacts, who may enter every time. */
export const documentOf = ([steps, edges]: Drawing, enrollment: Partial<Enrollment> = {}): PlaybookDocument => ({
  name: 'Flow',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null, ...enrollment },
  steps: steps.map((step) => ({ ...step, input: step.input ?? {} })),
  edges,
})

/** @throws Error with its problems, where it has any that keep it from being a plan */
export function planFrom(document: PlaybookDocument, from: CompileContext): Plan {
  const made = compile(document, from)
  if (!made.ok) throw new Error(JSON.stringify(made.problems, null, 1))
  return made.plan
}

const START: Step = { id: 'start', type: 'trigger.event', input: { event: 'Order Placed' } }
const begun = ([steps, edges]: Drawing, enrollment?: Partial<Enrollment>): PlaybookDocument =>
  documentOf([[START, ...steps], edges], enrollment)

/** Every drawing begins with an event, `start`. */
export const compiled = (drawing: Drawing, enrollment?: Partial<Enrollment>) =>
  compile(begun(drawing, enrollment), context)

export function planned(...drawing: Drawing): { plan: Plan; of: (id: string) => Plan['steps'][number] | undefined } {
  const plan = planFrom(begun(drawing), context)
  return { plan, of: (id) => plan.steps.find((step) => step.id === id) }
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
