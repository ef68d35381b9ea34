import type { OperatorCommand } from '../engine/model/run.ts'
import type { RunRef } from '../engine/ports.ts'

/** What the API asks of Temporal; `engine/temporal/client.ts` does it. Every call is safe to repeat. */
export interface TemporalPorts extends RunStarter, RunControl, ScheduleKeeper {
  ready(): Promise<TemporalReadiness>
}

export interface RunStarter {
  /** Starts the workflows of runs that are committed as queued; one that runs already is left alone. */
  startRuns(runs: RunRef[]): Promise<void>
}

export interface RunControl {
  /**
   * Hands an operator's command to a run, and starts a finished one again where the command is a retry.
   * @param command `id` makes a repeat harmless
   */
  command(run: RunRef, command: { id: string; command: OperatorCommand }): Promise<void>
  /** A connection works again: its held runs go on. */
  resumeConnection(workspaceId: string, connectionId: string): Promise<void>
}

export interface ScheduleKeeper {
  /** Makes the Temporal schedules of one playbook those of this list, no more and no fewer; an empty list removes all. */
  syncSchedules(playbook: { workspaceId: string; playbookId: string }, schedules: PlaybookSchedule[]): Promise<void>
}

/** A trigger of the live version that comes at set times. */
export interface PlaybookSchedule {
  step: string
  version: number
  cron: string
  timeZone: string
  segment: string
}

export interface TemporalReadiness {
  reachable: boolean
  /** Workers that asked for work lately. */
  workers: number
  /** What an operator should know, e.g. that the server has no fairness keys. */
  notes: string[]
}
