import { proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { EnrollPage, ScheduleActivities } from './schedule-messages.ts'

const { enrollPage } = proxyActivities<ScheduleActivities>({
  startToCloseTimeout: '2 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
})

/** One firing of a schedule trigger: enrolls the members that the segment has at that instant, page by page. */
export async function enrollSegment(trigger: Omit<EnrollPage, 'scheduledAt' | 'after'>): Promise<void> {
  const { searchAttributes, startTime } = workflowInfo()
  // The instant that was planned, not the one at which a worker was free.
  const planned = searchAttributes.TemporalScheduledStartTime?.[0]
  const scheduledAt = planned instanceof Date ? planned.getTime() : startTime.getTime()
  let after: string | null = null
  do after = await enrollPage({ ...trigger, scheduledAt, after })
  while (after !== null)
}
