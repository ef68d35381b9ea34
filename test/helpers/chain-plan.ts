import type { Plan, PlanStep } from '../../engine/model/plan.ts'

/** start --> each step in turn */
export function chain(...steps: Array<Partial<PlanStep> & { id: string; op: PlanStep['op'] }>): Plan {
  const all = [{ id: 'start', op: 'trigger', input: {}, type: 'trigger.manual@1' } as const, ...steps]
  return {
    kind: 'plan',
    format: 1,
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    reads: { properties: [], segments: [], signals: [], events: {} },
    steps: all.map((step, i) => ({
      type: step.op,
      label: step.id,
      in: i === 0 ? [] : [{ step: all[i - 1]?.id ?? '', port: 'next' }],
      out: { next: all[i + 1] ? [all[i + 1]?.id ?? ''] : [] },
      ...step,
    })) as PlanStep[],
  }
}
/** An action of the test connector. */
export const write = (id: string, mode = 'natural', text = id) => ({
  id,
  op: 'act' as const,
  type: `pad.${mode}@1`,
  connection: 'pad',
  input: { text },
  keeps: false,
  readsSteps: [],
}) // prettier-ignore
export const wait = (id: string, ms: number) => ({ id, op: 'delay' as const, delay: { mode: 'for' as const, ms } })
