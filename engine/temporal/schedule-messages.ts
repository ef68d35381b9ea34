import type { Instant } from '../model/rule.ts'

/** What crosses between the schedule workflow and its activity. */
export interface EnrollPage {
  workspaceId: string
  playbookId: string
  step: string
  version: number
  segment: string
  scheduledAt: Instant
  /** The last subject of the page before; null for the first page. */
  after: string | null
}

export interface ScheduleActivities {
  /** Enrolls one page; answers where the next begins, or null after the last. Safe to repeat. */
  enrollPage(page: EnrollPage): Promise<string | null>
}

export const ENROLL_WORKFLOW = 'enrollSegment'
