/** @see temporal-binaries.mjs */
export function cacheFolder(env?: NodeJS.ProcessEnv): string
export function isServerNewEnough(versionOutput: string, minimum: string): boolean
export function findTemporalBinary(
  name: 'temporal' | 'temporal-test-server',
  options?: { env?: NodeJS.ProcessEnv; download?: boolean; sdk?: boolean; log?: (line: string) => void },
): Promise<{ path: string; source: string }>
