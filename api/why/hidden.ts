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
