/** Events of one subject share a lane; a dispatcher works a lane alone. A power of two. */
export const LANES = 64

/** FNV-1a, 32 bit: quick, spread evenly, the same in every process and version. */
export function laneOf(workspaceId: string, subjectKey: string): number {
  let hash = 0x811c9dc5
  for (const text of [workspaceId, subjectKey])
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  // FNV's low bits mix least; fold the high ones in.
  return (hash ^ (hash >>> 16)) & (LANES - 1)
}
