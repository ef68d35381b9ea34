/** @see packages.mjs */
export const OLDEST_NODE: [number, number]
export function installPackages(root: string): Promise<void>
export function arePackagesInstalled(root: string): boolean
export function findNode(root: string, current?: string): Promise<string>
