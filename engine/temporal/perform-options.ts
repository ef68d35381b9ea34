export interface PerformOptions {
  /** An action that lately took longer than this, in milliseconds, goes to the shared queue. */
  slowMs: number
  /** Milliseconds after which one vendor call is given up. */
  callTimeoutMs: number
  random: () => number
  /** A fail point of tests: called by name between intent, call, outcome and end of the task. */
  reached?: (point: FailPoint) => void
}

export type FailPoint = 'before-intent' | 'after-intent' | 'after-call' | 'after-outcome' | 'before-task-end'
