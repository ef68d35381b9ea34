import { z } from 'zod'
import { defineFlow } from '../define.ts'

export const goal = defineFlow({
  type: 'flow.goal',
  version: 1,
  label: 'Goal',
  help: 'Where a run goes on once its goal is decided. Reached: whatever it is at is given up. Missed: all its other paths are over. Nothing leads here; without this step a run just ends at its goal.',
  group: 'Flow',
  icon: 'goal',
  summary: 'When the goal is reached or missed',
  input: z.strictObject({}),
  ports: { fixed: ['reached', 'missed'] },
})
