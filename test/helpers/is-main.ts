import { fileURLToPath } from 'node:url'

/** Whether the module is what node was started with. */
export const isMain = (moduleUrl: string): boolean => process.argv[1] === fileURLToPath(moduleUrl)
