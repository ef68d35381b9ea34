/** @see built.mjs */
export function buildWhenChanged(
  root: string,
  build: { title: string; sources: string[]; output: string; command: [string, ...string[]] },
): Promise<void>
export function hashOf(root: string, sources: string[]): string
