import type { DocumentStep, PlaybookDocument } from '../../engine/model/playbook.ts'
import { type CompileContext, catalogueOf } from '../../engine/compile/context.ts'
import { type Compiled, createCompiler } from '../../engine/compile/compile.ts'
import { compileContext } from '../helpers/manifest.ts'

export interface CompileFigures {
  steps: number
  /**
   * The first compile of a process, before anything is optimized. Like the others in milliseconds of the compiling
   * thread's own CPU: what one waits for on a quiet machine, and a busy one says nearly the same. V8's helper threads,
   * which optimize and collect beside it, are nobody's waiting.
   */
  coldMs: number
  /** The same document as new objects, as after loading it again. Median. */
  warmMs: number
  /** One field of one step edited, as at a keystroke. Median. */
  editMs: number
}

/**
 * How long compiling a graph of a thousand steps takes: branches, delays, joins and actions whose templates read the
 * contact, the trigger and each other. Goals: 60 ms cold, 25 ms warm, 5 ms after an edit.
 * @public run by name in a process of its own
 */
export function benchCompile(count = 1000): CompileFigures {
  const context: CompileContext = { ...compileContext }
  catalogueOf(context)
  const cold = time(() => createCompiler()(largeDocument(count), context))
  const warm: number[] = []
  const edits: number[] = []
  const compiler = createCompiler()
  let document = largeDocument(count)
  for (let i = 0; i < 15; i += 1) {
    document = structuredClone(document)
    warm.push(time(() => compiler(document, context)))
  }
  for (let i = 0; i < 30; i += 1) {
    document = edited(document, `Edit ${i} for {{ account.name }}`)
    edits.push(time(() => compiler(document, context)))
  }
  return { steps: document.steps.length, coldMs: cold, warmMs: median(warm), editMs: median(edits) }
}

function time(work: () => Compiled): number {
  const from = process.threadCpuUsage()
  const compiled = work()
  const { user, system } = process.threadCpuUsage(from)
  const ms = (user + system) / 1000
  if (!compiled.ok)
    throw new Error(`The large document does not compile: ${JSON.stringify(compiled.problems.slice(0, 3))}`)
  return Math.round(ms * 100) / 100
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

function edited(document: PlaybookDocument, name: string): PlaybookDocument {
  const at = document.steps.findIndex((step) => step.type === 'salesforce.createOpportunity')
  const steps = document.steps.map((step, i) => (i === at ? { ...step, input: { ...step.input, name } } : step))
  return { ...document, steps }
}

// start → (branch ┬ over → opp → task ┐
//                 └ else → tag ───────┴ join) … repeated
export function largeDocument(count: number): PlaybookDocument {
  const steps: DocumentStep[] = [{ id: 'start', type: 'trigger.event', input: { event: 'Seat Added' } }]
  const edges: Array<[string, string]> = []
  let last = 'start'
  for (let i = 0; steps.length + 5 <= count; i += 1) {
    steps.push(...block(i))
    edges.push([last, `b${i}`], [`b${i}.over`, `opp${i}`], [`opp${i}`, `task${i}`], [`task${i}`, `j${i}`])
    edges.push([`b${i}.else`, `tag${i}`], [`tag${i}`, `j${i}`])
    last = `j${i}`
  }
  while (steps.length < count) {
    const id = `w${steps.length}`
    steps.push({ id, type: 'flow.exit', input: { reason: 'Over' } })
    edges.push([last, id])
  }
  return {
    name: 'Large',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps,
    edges,
  }
}

const block = (i: number): DocumentStep[] => [
  {
    id: `b${i}`,
    type: 'flow.branch',
    input: { cases: [{ port: 'over', if: { property: 'account.mrr', op: 'gt', value: i } }] },
  },
  {
    id: `opp${i}`,
    type: 'salesforce.createOpportunity',
    connection: 'salesforce',
    input: {
      account: '{{ account.id }}',
      name: `No ${i} for {{ account.name }}`,
      stage: 'Prospecting',
      closeInDays: 30,
      amount: `{{ account.mrr * ${(i % 12) + 1} }}`,
    },
  },
  {
    id: `task${i}`,
    type: 'salesforce.createTask',
    connection: 'salesforce',
    input: { subject: `Call about {{ steps.opp${i}.name }} ({{ trigger.name }})`, dueInDays: 3 },
  },
  {
    id: `tag${i}`,
    type: 'intercom.tagContact',
    connection: 'intercom',
    input: { contact: '{{ contact.id }}', tag: `small-${i}` },
  },
  { id: `j${i}`, type: 'flow.join', input: { wait: 'all' } },
]
