/**
 * Steps within an `each` run once for each item. What a state, a command or the ledger names is then an instance:
 * `orders:3/tag` is the step `tag` for the fourth item of the step `orders`. Anything else is its own instance.
 */

/** The step of the plan that an instance is of. */
export const stepOf = (instance: string): string => instance.slice(instance.lastIndexOf('/') + 1)

/** What stands before the step: the item it is for; empty where it runs once a run. */
export const placeOf = (instance: string): string => instance.slice(0, instance.lastIndexOf('/') + 1)

/** The place of the steps that run for one item of a list. */
export const placeOfItem = (each: string, index: number): string => `${each}:${index}/`

/** The instance of an `each` step and the number of its item for which a place is; null for the run's own. */
export function itemOf(place: string): { each: string; index: number } | null {
  const colon = place.lastIndexOf(':')
  return colon < 0 ? null : { each: place.slice(0, colon), index: Number(place.slice(colon + 1, -1)) }
}

/** A place and those around it, the innermost first. */
export function placesAround(place: string): string[] {
  const places = [place]
  for (let item = itemOf(place); item !== null; item = itemOf(placeOf(item.each))) places.push(placeOf(item.each))
  return places
}
