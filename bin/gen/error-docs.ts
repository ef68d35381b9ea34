import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { retryOf } from '../../engine/run/retry.ts'
import type { FaultCode, RetryClass } from '../../nodes/fault.ts'

/**
 * The pages of docs/errors. What a code means and what to do are written by hand; where it appears is read from the
 * code, so that no page can be left behind by a change and no code can be without a page.
 */

/** Not by the locale: the pages are to be the same everywhere. */
const byCode = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)

/** Where people meet a code, a line of Markdown each. */
type Places = string[]

const BEGIN = '<!-- Between these marks `npm run gen` writes. -->'
const END = '<!-- End. -->'

const RETRIES: { [retry in RetryClass]: string } = {
  never: 'does not repeat the call: the step fails',
  backoff: 'tries again by itself, with growing waits',
  after: 'tries again by itself, when the other system said it may',
  'pause-connection': 'pauses the connection and holds its runs, which go on once it works again',
  settle: 'finds out whether the write landed before it does anything, or asks a person, as the action declares',
}

/**
 * Every error code a person or a program can meet → where.
 * @param root the repository's folder
 */
export function errorPlaces(root: string): Map<string, Places> {
  const found = new Map<string, Places>()
  const add = (code: string, place: string) => {
    const places = found.get(code) ?? []
    if (!places.includes(place)) found.set(code, [...places, place])
  }
  const read = (path: string) => readFileSync(join(root, path), 'utf8')

  const examples = graphExamples(root)
  for (const code of unionOf(read('engine/model/problem.ts'), 'ProblemCode'))
    add(
      code,
      `A problem of a playbook, shown beside the canvas and answered by saving and publishing.${seen(examples.get(code))}`,
    )
  for (const code of unionOf(read('nodes/fault.ts'), 'FaultCode'))
    add(code, `A fault of a step, shown on the run. Signalbox ${RETRIES[retryOf(code as FaultCode)]}.`)
  for (const code of unionOf(read('api/ingest/parse-message.ts'), 'RefusalCode'))
    add(
      code,
      'A refused tracking message: status 400 for a single call; of a batch only this message is refused, and kept with its reason.',
    )
  for (const code of unionOf(read('api/ingest/screen-message.ts'), 'ScreenCode'))
    add(
      code,
      'The reason why a message was not taken although nothing is wrong with it: named in the answer, whose status is 200.',
    )
  for (const code of unionOf(read('api/imports/read-row.ts'), 'RowCode'))
    add(code, 'The reason why a row of an imported file was refused: in the file of refused rows.')
  // Those two did start one, at once or in its turn.
  for (const code of unionOf(read('api/enroll/enroll.ts'), 'EnrollmentCode'))
    if (code !== 'STARTED' && code !== 'WAITS_ITS_TURN')
      add(code, 'The reason why no run was started: in the list of events, and with status 409 from the API.')
  for (const match of read('api/dispatch/work-events.ts').matchAll(/code: '([A-Z_]+)'/g))
    add(match[1] ?? '', 'The reason why an accepted event was set aside, in the list of events.')
  for (const [code, statuses] of [...apiCodes(root)].sort(byCode))
    add(code, `An answer of the API with status ${[...statuses].sort((a, b) => a - b).join(' or ')}.`)
  return found
}

/**
 * The pages as they should be: file name below `docs/errors` → Markdown. A code without a page gets one that only a
 * person can finish: test/docs.test.ts asks for its meaning and its remedy. A page whose code is gone is left out.
 * @param present the pages as they are
 */
export function errorDocs(root: string, present: Map<string, string>): Map<string, string> {
  const pages = new Map<string, string>()
  for (const [code, places] of [...errorPlaces(root)].sort(byCode))
    pages.set(`${code}.md`, withPlaces(present.get(`${code}.md`) ?? unwritten(code), places))
  return new Map([['README.md', index(pages)], ...pages])
}

const unwritten = (code: string): string =>
  `# ${code}\n\n\n\n## Where it appears\n\n${BEGIN}\n${END}\n\n## What to do\n\n`

/** @throws Error when the page has lost its marks */
function withPlaces(page: string, places: Places): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`This page of docs/errors lacks its marks: ${page.slice(0, 40)}`)
  const list = places.map((place) => `- ${place}`).join('\n')
  return `${page.slice(0, begin)}${BEGIN}\n${list}\n${page.slice(end)}`
}

/** Every code with the first sentence of its page. */
function index(pages: Map<string, string>): string {
  const rows = [...pages].map(([file, text]) => `| [${file.replace('.md', '')}](${file}) | ${firstSentence(text)} |`)
  return [
    '<!-- Written by `npm run gen` from the pages; edit those instead. -->\n',
    '# Errors\n',
    'Every error has a code that never changes its meaning, and says what to do. The API answers problem documents (RFC 9457)',
    'with `code`, `detail` and, where several places are wrong, `problems`. What the HTTP server itself refuses, before any',
    'route sees it, has a code of its own where it is common, else the server’s own code without `FST_`.\n',
    'What can keep Signalbox from starting has pages of its own: [start](start/).\n',
    '| code | meaning |\n|---|---|',
    `${rows.join('\n')}\n`,
  ].join('\n')
}

const firstSentence = (page: string): string => {
  const paragraph = page.split('\n\n')[1] ?? ''
  return (/^.*?\.(?=\s|$)/s.exec(paragraph)?.[0] ?? paragraph).replaceAll('\n', ' ').replaceAll('|', '\\|')
}

/** The members of a union of texts, as written: types are gone at run time. @throws Error when it is not there */
function unionOf(source: string, name: string): string[] {
  const body = new RegExp(`export type ${name} =((?:\\s*\\|?\\s*'[A-Z_]+'(?:[ \\t]*//.*)?)+)`).exec(source)?.[1]
  if (body === undefined) throw new Error(`There is no union ${name} of codes any more; mend bin/gen/error-docs.ts.`)
  return [...body.replaceAll(/\/\/.*/g, '').matchAll(/'([A-Z_]+)'/g)].map((match) => match[1] ?? '')
}

/** Codes of problem documents → statuses: `problem(404, 'NOT_FOUND', …)` and `refusal('CODE', …)`, which is 422. */
function apiCodes(root: string): Map<string, Set<number>> {
  const codes = new Map<string, Set<number>>()
  const add = (code: string | undefined, status: number) => {
    if (code !== undefined) codes.set(code, (codes.get(code) ?? new Set()).add(status))
  }
  const files = readdirSync(join(root, 'api'), { recursive: true, encoding: 'utf8' })
  for (const file of files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).sort()) {
    const text = readFileSync(join(root, 'api', file), 'utf8')
    for (const match of text.matchAll(/\bproblem\(\s*(\d{3}),\s*'([A-Z_]+)'/g)) add(match[2], Number(match[1]))
    if (text.includes('compile-draft.ts') || file.endsWith('compile-draft.ts'))
      for (const match of text.matchAll(/\brefusal\(\s*'([A-Z_]+)'/g)) add(match[1], 422)
  }
  return codes
}

/** The drawn examples of test/graphs: code → file names. */
function graphExamples(root: string): Map<string, string[]> {
  const folder = join(root, 'test', 'graphs')
  const examples = new Map<string, string[]>()
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const { expect } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { expect?: Array<{ code: string }> }
    for (const { code } of expect ?? []) examples.set(code, [...(examples.get(code) ?? []), file])
  }
  return examples
}

/** One example is enough to see it. */
function seen(files: string[] | undefined): string {
  const file = files?.[0]
  if (file === undefined) return ''
  const kind = file.startsWith('warns-') ? 'A warning only' : 'Example'
  return ` ${kind}: [${file}](../../test/graphs/${file}).`
}
