import type { SalesforceObject } from './types.ts'

/** Fields of an object change when an administrator changes them: minutes of staleness cost one refused write. */
const KEEP_MS = 5 * 60_000
const KEEP_MOST = 500

const kept = new Map<string, { until: number; object: SalesforceObject }>()

/**
 * A description kept per connection. `accept` says whether a kept one will do: what it lacks may have been installed
 * since, so a refused one is fetched anew.
 */
export async function cachedDescribe(
  wanted: { scope: string; object: string; accept?: ((object: SalesforceObject) => boolean) | undefined },
  fetchObject: () => Promise<SalesforceObject>,
): Promise<SalesforceObject> {
  const key = `${wanted.scope} ${wanted.object}`
  const found = kept.get(key)
  if (found && found.until > Date.now() && (wanted.accept?.(found.object) ?? true)) return found.object
  const object = await fetchObject()
  // Maps keep the order of insertion, so the first key is the oldest.
  const [oldest] = kept.keys()
  if (oldest !== undefined && kept.size >= KEEP_MOST) kept.delete(oldest)
  kept.set(key, { until: Date.now() + KEEP_MS, object })
  return object
}
