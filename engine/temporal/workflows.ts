/** What a worker of the run queue registers: Temporal takes the workflows of one module. */
export { enrollSegment } from './schedule-workflow.ts'
export { runPlaybook } from './run-workflow.ts'
