/** One item of a body: its text, or that it was too long to be kept. */
export type JsonItem = { text: string } | { tooLong: true }

/** Where a body stops being what it should be. */
export class ItemsBroken extends Error {
  override readonly name = 'ItemsBroken'
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN = new Set([0x5b, 0x7b])
const CLOSE = new Set([0x5d, 0x7d])
const LIST = 0x5b
const LIST_END = 0x5d
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d])
const LINE_END = 0x0a

/**
 * Cuts a body into its items without reading it whole: a JSON list of items, or one item a line (NDJSON). Only cuts:
 * what an item says is for JSON.parse.
 * @param limit bytes of one item; a longer one comes as `tooLong`
 * @throws ItemsBroken for a list that is not closed, or goes on behind its end
 */
export async function* jsonItems(body: AsyncIterable<Buffer>, limit: number): AsyncGenerator<JsonItem> {
  let cutter: Cutter | null = null
  for await (const part of body) {
    let from = 0
    if (cutter === null) {
      while (from < part.length && SPACE.has(part[from] ?? 0)) from += 1
      if (from === part.length) continue
      const list: boolean = part[from] === LIST
      cutter = list ? listCutter(limit) : lineCutter(limit)
      if (list) from += 1
    }
    yield* cutter.take(part.subarray(from))
  }
  if (cutter !== null) yield* cutter.end()
}

interface Cutter {
  take(part: Buffer): Generator<JsonItem>
  end(): JsonItem[]
}

/** Bytes of the item under way, over several parts of the body. */
function createPieces(limit: number) {
  let pieces: Buffer[] = []
  let length = 0
  return {
    add(piece: Buffer): void {
      length += piece.length
      if (length <= limit) pieces.push(piece)
    },
    flush(): JsonItem | null {
      const item =
        length > limit ? ({ tooLong: true } as const) : { text: Buffer.concat(pieces).toString('utf8').trim() }
      pieces = []
      length = 0
      return 'text' in item && item.text === '' ? null : item
    },
  }
}

function lineCutter(limit: number): Cutter {
  const pieces = createPieces(limit)
  return {
    *take(part) {
      let from = 0
      for (let end = part.indexOf(LINE_END); end >= 0; end = part.indexOf(LINE_END, from)) {
        pieces.add(part.subarray(from, end))
        from = end + 1
        const item = pieces.flush()
        if (item !== null) yield item
      }
      pieces.add(part.subarray(from))
    },
    end() {
      const item = pieces.flush()
      return item === null ? [] : [item]
    },
  }
}

function listCutter(limit: number): Cutter {
  const pieces = createPieces(limit)
  let depth = 0
  let inText = false
  let escaped = false
  let closed = false
  return {
    *take(part) {
      let from = 0
      for (let i = 0; i < part.length; i++) {
        const byte = part[i] ?? 0
        if (closed) {
          if (!SPACE.has(byte)) throw new ItemsBroken('Something stands behind the end of the list.')
          from = i + 1
        } else if (inText) {
          if (escaped) escaped = false
          else if (byte === BACKSLASH) escaped = true
          else if (byte === QUOTE) inText = false
        } else if (byte === QUOTE) inText = true
        else if (OPEN.has(byte)) depth += 1
        else if (depth > 0 && CLOSE.has(byte)) depth -= 1
        else if (depth === 0 && (byte === COMMA || byte === LIST_END)) {
          pieces.add(part.subarray(from, i))
          from = i + 1
          closed = byte === LIST_END
          const item = pieces.flush()
          if (item !== null) yield item
        }
      }
      pieces.add(part.subarray(from))
    },
    end() {
      if (!closed) throw new ItemsBroken('The list is not closed; the body was cut off, or a bracket is missing.')
      return []
    },
  }
}
