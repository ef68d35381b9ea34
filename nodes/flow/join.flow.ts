import { z } from 'zod'
import { defineFlow } from '../define.ts'
import { fields } from '../fields.ts'
import { ONLY_PORT } from '../manifest.ts'

export const join = defineFlow({
  type: 'flow.join',
  version: 1,
  label: 'Join',
  help: 'Brings paths together: goes on when all that were taken have arrived, or as soon as one has.',
  group: 'Flow',
  icon: 'merge',
  summary: 'Join {wait}',
  input: z.strictObject({
    wait: fields.select('Goes on when', ['all', 'any'], {
      help: 'All: every path that was taken has arrived; skipped paths do not count. Any: the first has arrived.',
    }),
  }),
  ports: { fixed: [ONLY_PORT] },
})
