/** @see lock.mjs */
export function takeLock(path: string, log: (line: string) => void): Promise<() => void>
