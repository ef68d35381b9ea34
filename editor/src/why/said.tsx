import { ExactTime } from '../ui/time.tsx'

const INSTANT = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/

/** A sentence of the server, its instants in the reader's own zone. */
export function Said({ words }: { words: string }) {
  return (
    <>
      {words.split(INSTANT).map((part, index) =>
        // Every other part is an instant; they have no identity but their place.
        index % 2 === 1 ? <ExactTime key={index} when={part} /> : part,
      )}
    </>
  )
}
