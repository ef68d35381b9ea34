import { findTemporalBinary } from '../../scripts/temporal-binaries.mjs'

/**
 * The path of Temporal's development server or of its time-skipping test server, downloaded when it is nowhere.
 *
 * @throws an error for a person, naming every place tried and what to install
 */
export async function temporalBinary(name: 'temporal' | 'temporal-test-server'): Promise<string> {
  return (await findTemporalBinary(name)).path
}
