import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { CliOptions } from './options.ts'
import { UserError } from '../supervise/user-error.ts'
import { callApi, problemLine } from './api-client.ts'

interface Saved {
  slug: string
  revision: number
  problems: Array<{ severity: string; path: string; message: string; fix: string }>
}

/** Writes the drafts of the named playbooks, or of all, as `<dir>/<slug>.json`. */
export async function pull(slugs: string[], { dir = 'playbooks' }: CliOptions): Promise<void> {
  const wanted =
    slugs.length > 0
      ? slugs
      : (await callApi<{ data: Array<{ slug: string }> }>('GET', '/v1/playbooks')).data.map(({ slug }) => slug)
  mkdirSync(dir, { recursive: true })
  for (const slug of wanted) {
    const { document } = await callApi<{ document: unknown }>('GET', `/v1/playbooks/${encodeURIComponent(slug)}`)
    const path = join(dir, `${slug}.json`)
    writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`)
    console.log(path)
  }
}

/** Saves files as drafts; the slug is the file's name. Fails when a document has errors, after saving all. */
export async function push(files: string[]): Promise<void> {
  if (files.length === 0) throw new UserError('Name the files to push: signalbox push playbooks/*.json')
  let errors = 0
  for (const path of files) {
    const slug = basename(path, '.json')
    const saved = await callApi<Saved>('PUT', `/v1/playbooks/${encodeURIComponent(slug)}`, { body: readDocument(path) })
    const wrong = saved.problems.filter(({ severity }) => severity === 'error')
    errors += wrong.length
    console.log(`${slug}: saved as revision ${saved.revision}${wrong.length === 0 ? '' : `, ${wrong.length} to mend`}`)
    for (const problem of saved.problems) console.log(problemLine(problem))
  }
  if (errors > 0) process.exitCode = 1
}

function readDocument(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UserError(
      `${path} cannot be read as JSON (${error instanceof Error ? error.message : String(error)}). Correct the file.`,
    )
  }
}

export async function publish(slugs: string[]): Promise<void> {
  if (slugs.length === 0) throw new UserError('Name the playbooks to publish: signalbox publish <slug>')
  for (const slug of slugs) {
    const { version } = await callApi<{ version: number }>('POST', `/v1/playbooks/${encodeURIComponent(slug)}/publish`)
    console.log(`${slug}: version ${version} is live`)
  }
}

/** Starts a run and prints its id. */
export async function run([slug]: string[], options: CliOptions): Promise<void> {
  const { contact, account, data = '{}', key } = options
  if (slug === undefined || (contact === undefined) === (account === undefined))
    throw new UserError('Name a playbook and one subject: signalbox run <slug> --contact <id>, or --account <id>')
  const answer = await callApi<{ run: { id: string } }>('POST', `/v1/playbooks/${encodeURIComponent(slug)}/runs`, {
    body: { subject: contact === undefined ? { account } : { contact }, data: parseData(data) },
    headers: key === undefined ? {} : { 'idempotency-key': key },
  })
  console.log(answer.run.id)
}

function parseData(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UserError(`--data is not JSON. Write it like '{"reason":"asked for"}'.`)
  }
}

interface RunRow {
  id: string
  status: string
  createdAt: string
  playbook: { slug: string }
  subject: { label: string }
  reason: string | null
}

/** The newest runs, one a line, in columns that a script can split at tabs. */
export async function runs(_names: string[], { playbook, status, subject }: CliOptions): Promise<void> {
  const filter = Object.entries({ playbook, status, subject }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  )
  const { data } = await callApi<{ data: RunRow[] }>('GET', `/v1/runs?${new URLSearchParams(filter).toString()}`)
  for (const row of data)
    console.log([row.id, row.status, row.createdAt, row.playbook.slug, row.subject.label, row.reason ?? ''].join('\t'))
}
