import { SEARCH_ATTRIBUTES } from '../../engine/temporal/search-attributes.ts'

/** Printed by the development server on standard output once it answers. */
export const TEMPORAL_READY = 'Temporal Server:'

/**
 * The arguments that start Temporal's development server.
 *
 * @param options.dbFilename SQLite file that keeps the workflows; null keeps them in memory, for tests.
 */
export function temporalArgs(options: { port: number; namespace: string; dbFilename: string | null }): string[] {
  // WAL with normal sync halves the cost of a workflow task and still survives any kill of the process.
  const pragmas = ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal']
  const storage = options.dbFilename === null ? [] : ['--db-filename', options.dbFilename, ...pragmas]
  // A start of a workflow that sets an unknown attribute would be refused.
  const attributes = Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
    '--search-attribute',
    `${name}=${type}`,
  ])
  const address = ['--ip', '127.0.0.1', '--port', String(options.port), '--namespace', options.namespace]
  // Off by default outside Temporal Cloud; slow actions are dispatched fairly between connections.
  const fairness = ['--dynamic-config-value', 'matching.enableFairness=true']
  // By default timers of less than a second ring up to a second late, for clusters whose clocks differ.
  const prompt = ['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="50ms"']
  const quiet = ['--headless', '--log-level', 'warn']
  return ['server', 'start-dev', ...address, ...quiet, ...fairness, ...prompt, ...storage, ...attributes]
}
