import { createHash } from 'node:crypto'

/** Every identity that must survive a retry, a restart or a second process, in one place. */

const sha256 = (...parts: string[]): string => {
  const hash = createHash('sha256')
  // Length-prefixed, so that ("a", "bc") and ("ab", "c") differ.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest('hex')
}

/**
 * Run id = workflow id. A hash, so that no e-mail or order number leaks into Temporal.
 * @param occurrence what makes this start unique: message id, edge id, schedule instant + subject, Idempotency-Key
 */
export const runId = (workspaceId: string, playbookId: string, occurrence: string): string =>
  `run_${sha256(workspaceId, playbookId, occurrence).slice(0, 40)}`

/**
 * The key of one intended write: the same for every attempt, new when a person says "do it again". Vendors keep it, so it
 * has letters, digits, `_`, `-`, `:` and `.` alone.
 * @param step the instance: of `orders:3/tag` the key says `orders:3.tag`
 */
export const effectKey = (run: string, step: string, visit: number): string =>
  `${run}:${step.replaceAll('/', '.')}:${visit}`

/** The command in which a person settles this effect: one, however often it is sent. */
export const settleId = (effect: string): string => `settle:${effect}`

/** Content address of a plan; workspace-bound, so that one tenant can never name another's plan. */
export const planHash = (workspaceId: string, planJson: string): string => `plan_${sha256(workspaceId, planJson)}`

export const blobHash = (bytes: Uint8Array): string => `blob_${createHash('sha256').update(bytes).digest('hex')}`

/** A person or company as Temporal's search attributes see it. */
export const subjectHash = (workspaceId: string, kind: string, id: string): string =>
  `${kind}_${sha256(workspaceId, kind, id).slice(0, 24)}`

export const RUN_TASK_QUEUE = 'signalbox-runs'
export const scheduleId = (workspaceId: string, playbookId: string, step: string): string =>
  `schedule_${sha256(workspaceId, playbookId, step).slice(0, 40)}`
