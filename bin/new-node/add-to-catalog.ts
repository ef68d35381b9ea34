export interface CatalogEntry {
  /** e.g. `./intercom/close-conversation.action.ts` */
  from: string
  /** e.g. `closeConversation` */
  exported: string
  /** e.g. `intercom`: goes before the name where another step has it. */
  app: string
}

const MARKER = /^( *)\/\/ `npm run new:node` adds its lines above this one$/m
const IMPORT = /^import (?:type )?\{[^}]*\} from '([^']+)'$/gm

/** The catalog's text with one more step: its import among the others, its line above the marker. */
export function addToCatalog(
  text: string,
  entry: CatalogEntry,
): { ok: true; text: string } | { ok: false; problem: string } {
  const marker = MARKER.exec(text)
  if (marker === null)
    return {
      ok: false,
      problem: 'nodes/catalog.ts has lost its line “`npm run new:node` adds its lines above this one”: put it back.',
    }
  if (text.includes(`'${entry.from}'`)) return { ok: false, problem: `nodes/catalog.ts imports ${entry.from} already.` }

  const taken = (name: string) => new RegExp(`[{ ,]${name}[ ,}]`).test(text.slice(0, text.indexOf('export const')))
  const qualified = entry.app + entry.exported.slice(0, 1).toUpperCase() + entry.exported.slice(1)
  const local = taken(entry.exported) ? qualified : entry.exported
  if (taken(local)) return { ok: false, problem: `nodes/catalog.ts uses the name ${local} already.` }

  const names = local === entry.exported ? local : `${entry.exported} as ${local}`
  const line = `${marker[1]}${local},\n`
  const withStep = text.slice(0, marker.index) + line + text.slice(marker.index)
  const at = importPlace(withStep, entry.from)
  return { ok: true, text: `${withStep.slice(0, at)}import { ${names} } from '${entry.from}'\n${withStep.slice(at)}` }
}

/** Where an import of this path keeps the list sorted. */
function importPlace(text: string, from: string): number {
  let end = 0
  for (const match of text.matchAll(IMPORT)) {
    if (match[1]?.startsWith('./') && match[1].includes('/', 2) && match[1] > from) return match.index
    end = match.index + match[0].length + 1
  }
  return end
}
