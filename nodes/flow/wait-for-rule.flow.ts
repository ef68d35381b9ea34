import { z } from 'zod'
import { defineFlow } from '../define.ts'
import { fields } from '../fields.ts'

export const waitForRule = defineFlow({
  type: 'flow.waitForRule',
  version: 1,
  label: 'Wait for a rule',
  help: 'Holds the run until a rule is true, by new data or by time alone, or until the longest wait is over.',
  group: 'Flow',
  icon: 'list-checks',
  summary: 'Wait until {rule}, at most {maxWait}',
  input: z.strictObject({
    rule: fields.rule('Until this is true', {
      help: 'Looked at when the wait begins, whenever data that it reads changes, and at the moment time alone may make it true.',
    }),
    maxWait: fields.duration('But at most', {
      help: 'Counted from the moment the wait begins; then the run goes on by “timeout”.',
      placeholder: 'P7D',
    }),
  }),
  ports: { fixed: ['met', 'timeout'] },
})
