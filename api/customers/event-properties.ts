import type { Json } from '../../nodes/manifest.ts'

/** What a message says: the properties of what happened, or the traits of who it describes. */
export function propertiesOf(body: Json): { [name: string]: Json } {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return {}
  const said = body.properties ?? body.traits
  return said !== null && typeof said === 'object' && !Array.isArray(said) ? said : {}
}
