import { type Client, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client'
import { TypedSearchAttributes } from '@temporalio/common'
import { scheduleId } from '../ids.ts'
import { ENROLL_WORKFLOW } from './schedule-messages.ts'
import { PLAYBOOK, WORKSPACE } from './search-attributes.ts'

export interface PlaybookRef {
  workspaceId: string
  playbookId: string
}

/** A trigger that comes at set times. */
export interface Schedule {
  step: string
  version: number
  cron: string
  timeZone: string
  segment: string
}

interface Target {
  client: Client
  taskQueue: string
}

/** Makes the schedules of a playbook those of this list, no more and no fewer. Safe to repeat. */
export async function syncSchedules(target: Target, playbook: PlaybookRef, schedules: Schedule[]): Promise<void> {
  const { client, taskQueue } = target
  const wanted = new Map(schedules.map((s) => [scheduleId(playbook.workspaceId, playbook.playbookId, s.step), s]))
  const query = `${WORKSPACE.name} = "${playbook.workspaceId}" AND ${PLAYBOOK.name} = "${playbook.playbookId}"`
  for await (const found of client.schedule.list({ query }))
    if (!wanted.has(found.scheduleId)) await deleteSchedule(client, found.scheduleId)
  for (const [id, schedule] of wanted) {
    // Made anew rather than changed: a schedule is small, and an update would have to merge.
    await deleteSchedule(client, id)
    await client.schedule.create(scheduleOptions(id, playbook, { schedule, taskQueue }))
  }
}

async function deleteSchedule(client: Client, id: string): Promise<void> {
  try {
    await client.schedule.getHandle(id).delete()
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error
  }
}

const scheduleOptions = (
  id: string,
  playbook: { workspaceId: string; playbookId: string },
  { schedule, taskQueue }: { schedule: Schedule; taskQueue: string },
) => ({
  scheduleId: id,
  spec: { cronExpressions: [schedule.cron], timezone: schedule.timeZone },
  // Two firings never overlap, and none is skipped because the one before is slow.
  policies: { overlap: ScheduleOverlapPolicy.BUFFER_ALL, catchupWindow: '1 day' },
  action: {
    type: 'startWorkflow' as const,
    workflowType: ENROLL_WORKFLOW,
    workflowId: id,
    taskQueue,
    args: [{ ...playbook, step: schedule.step, version: schedule.version, segment: schedule.segment }],
  },
  typedSearchAttributes: new TypedSearchAttributes([
    { key: WORKSPACE, value: playbook.workspaceId },
    { key: PLAYBOOK, value: playbook.playbookId },
  ]),
})
