import { FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'

/** @throws FaultError CONFIGURATION when the sandboxes are off */
export function sandboxBase(sandboxUrl: string | null, app: string): string {
  if (sandboxUrl !== null) return `${sandboxUrl}/${app}`
  throw new FaultError({
    code: 'CONFIGURATION',
    who: 'user',
    message: 'This connection leads to the sandbox, which is off.',
    fix: 'Start with SIGNALBOX_SANDBOX=on, or connect the real account.',
  })
}

export const asSettings = (settings: Json): { [name: string]: Json } =>
  settings !== null && typeof settings === 'object' && !Array.isArray(settings) ? settings : {}
