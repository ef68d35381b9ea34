import { z } from 'zod'
import { type ActionContext, defineAction } from '../define.ts'
import { fields, SLUG_PATTERN } from '../fields.ts'
import type { Inside } from '../inside.ts'

const fieldsOf = z.strictObject({
  playbook: fields.of(z.string().max(100).regex(SLUG_PATTERN, 'Write the slug of a playbook, such as send-offer.'), {
    widget: 'playbook',
    label: 'Playbook',
    help: 'One that begins with “Called by another playbook”. It runs for the same contact or account.',
    template: false,
  }),
  inputs: fields
    .keyValue('Inputs', { help: 'What its trigger takes; there it is read as trigger.data.<name>.' })
    .optional(),
  wait: fields.select('Wait for its end', ['yes', 'no'], {
    help: 'No: goes on by “done” as soon as it has begun.',
  }),
  maxWait: fields
    .duration('Wait at most', {
      help: 'Then this step is left by “timeout”. Left empty: as long as it takes.',
      placeholder: 'P7D',
      when: { field: 'wait', is: ['yes'], required: false },
    })
    .optional(),
  onTimeout: fields
    .select('When that is over', ['leave', 'end'], {
      help: 'Leave: the called run goes on by itself, until this one ends. End: it is ended too. Left empty: leave.',
      when: { field: 'wait', is: ['yes'], required: false },
    })
    .optional(),
})
const input = fieldsOf.superRefine(({ onTimeout, maxWait }, context) => {
  if (onTimeout === 'end' && maxWait === undefined)
    context.addIssue({ code: 'custom', path: ['maxWait'], message: 'Say how long to wait at most, such as P7D.' })
})
type Input = z.output<typeof input>

/** Another playbook as a step of this one. */
export const callPlaybook = defineAction({
  type: 'flow.callPlaybook',
  version: 1,
  label: 'Call a playbook',
  help: 'Starts a run of another playbook for the same contact or account, waits for its end and reads what its exit leaves.',
  group: 'Flow',
  icon: 'corner-down-right',
  summary: 'Call {playbook}',
  connector: null,
  input,
  output: z.object({
    run: z.string(),
    /** How it ended: completed, exited, failed or cancelled. */
    status: z.string().optional(),
    reason: z.string().nullable().optional(),
    output: z.record(z.string(), z.unknown()).optional(),
  }),
  sample: { run: 'run_5f0c1d2e', status: 'exited', reason: 'Accepted', output: { percent: 20 } },
  repeat: { mode: 'keyed', why: 'The run that this visit of the step started is found by the key.' },
  answer: { ports: ['done', 'failed'], asked: false },
  async run({ input, client }: ActionContext<Input, Inside>) {
    const { run } = await client.call({
      playbook: input.playbook,
      inputs: input.inputs ?? {},
      waits: input.wait !== 'no',
      endsAfter: input.onTimeout === 'end' ? (input.maxWait ?? null) : null,
    })
    return { output: { run }, externalId: run }
  },
})
