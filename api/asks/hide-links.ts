import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { hashToken } from './inside.ts'
import { mayAnswer } from './may-answer.ts'

/** Stands where the token of a link is that the asker could answer by in another's place. */
const HIDDEN = '•••'

// Also as it stands in a query string (`%2F`) and in JSON within a text (`\/`). What follows the token is no part of it.
const LINK = /(asks(?:\\*\/|%(?:25)*2[fF]))([A-Za-z0-9_-]{32})/g

/**
 * An answer of the API as somebody may see it: the links of asks stand in outputs of steps, in what messages were sent
 * with them and in what a vendor sends back of those. Whoever has one may answer by it, so it is shown to those alone
 * who may answer signed in too.
 */
export async function hideLinks<T>(
  answer: T,
  { db, workspaceId, actor }: Pick<Context, 'db' | 'workspaceId' | 'actor'>,
): Promise<T> {
  const tokens = new Set<string>()
  gather(answer, tokens)
  if (tokens.size === 0) return answer
  const byHash = new Map([...tokens].map((token) => [hashToken(token).toString('hex'), token]))
  const asked = await db
    .selectFrom('ask_links')
    .innerJoin('asks', (join) =>
      join.onRef('asks.workspace_id', '=', 'ask_links.workspace_id').onRef('asks.id', '=', 'ask_links.ask_id'),
    )
    .select(['ask_links.token_hash', 'asks.who', 'asks.people'])
    .where('ask_links.workspace_id', '=', workspaceId)
    .where(sql<boolean>`ask_links.token_hash = ANY (${[...tokens].map(hashToken)}::bytea[])`)
    .execute()
  const hidden = new Set(
    asked.flatMap((ask) => (mayAnswer(actor, ask) ? [] : [byHash.get(ask.token_hash.toString('hex')) ?? ''])),
  )
  return hidden.size === 0 ? answer : (without(answer, hidden) as T)
}

/** The same text with no link in it at all: for files that leave the workspace. */
export const withoutLinks = (text: string): string => text.replace(LINK, `$1${HIDDEN}`)

function gather(value: unknown, tokens: Set<string>): void {
  if (typeof value === 'string') {
    // Most texts hold none: the expression is not tried on each.
    if (value.includes('asks')) for (const [, , token = ''] of value.matchAll(LINK)) tokens.add(token)
  } else if (Array.isArray(value)) for (const item of value) gather(item, tokens)
  else if (isFields(value))
    for (const [name, field] of Object.entries(value)) {
      gather(name, tokens)
      gather(field, tokens)
    }
}

function without(value: unknown, hidden: Set<string>): unknown {
  if (typeof value === 'string')
    return value.replace(LINK, (link: string, before: string, token: string) =>
      hidden.has(token) ? `${before}${HIDDEN}` : link,
    )
  if (Array.isArray(value)) return value.map((item) => without(item, hidden))
  if (!isFields(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [String(without(name, hidden)), without(field, hidden)]),
  )
}

const isFields = (value: unknown): value is { [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !(value instanceof Date)
