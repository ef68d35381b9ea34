import { z } from 'zod'
import { defineFlow } from '../define.ts'
import { fields } from '../fields.ts'

export const milestone = defineFlow({
  type: 'flow.milestone',
  version: 1,
  label: 'Milestone',
  help: 'Marks how far a run has come, and within which time of its start it should. A run that is past that time is shown as behind, wherever it waits.',
  group: 'Flow',
  icon: 'milestone',
  summary: '{name} within {within}',
  input: z.strictObject({
    name: fields.text('Name', { max: 100, template: false, placeholder: 'First value' }),
    within: fields.duration('Within', { help: 'Counted from the start of the run.', placeholder: 'P14D' }),
  }),
  ports: { fixed: ['in-time', 'late'] },
  leaves: {
    output: z.object({ late: z.boolean(), tookMs: z.number() }),
    sample: { late: false, tookMs: 864_000_000 },
  },
})
