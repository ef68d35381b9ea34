import type { Rule } from '../../engine/model/rule.ts'
import type { Context } from '../context.ts'
import { isMasked } from '../privacy/mask.ts'
import { readMasks } from '../privacy/masks.ts'

/**
 * Which properties an answer may not show to who asks. Values of hidden ones, the remarks about them and the flips that
 * name them are left out; whether the part held stays.
 * @returns whether a property, `contact.plan`, or a part of it, is hidden
 */
export async function hiddenFrom(
  ctx: Pick<Context, 'db' | 'workspaceId' | 'actor'>,
): Promise<(path: string) => boolean> {
  const masks = await readMasks(ctx)
  return (path) => masks !== null && isMasked(path, masks, null)
}

/** The property whose value a part of a rule tells: of an event it has no `contact.` or `account.` before it. */
export function toldBy(rule: Rule): string | null {
  if ('property' in rule) return rule.property
  if ('changed' in rule) return rule.changed
  const isOfEvents = 'aggregate' in rule || 'trend' in rule || 'first' in rule || 'last' in rule
  return isOfEvents ? (rule.of ?? null) : null
}
