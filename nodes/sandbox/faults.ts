import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'

const REGEX_SIGNS = /[\^$*+?()[\]{}|\\]/

const path = z
  .string()
  .min(1)
  .max(500)
  .superRefine((value, context) => {
    if (!REGEX_SIGNS.test(value)) return
    if (/(^|\/)\*/.test(value))
      context.addIssue({ code: 'custom', message: 'A "*" does not stand for a path segment; write [^/]+ instead.' })
    try {
      new RegExp(value)
    } catch (error) {
      context.addIssue({
        code: 'custom',
        message: error instanceof Error ? error.message : 'Not a regular expression.',
      })
    }
  })

const common = {
  match: z
    .strictObject({
      /** Absent: any method. */
      method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).optional(),
      /**
       * Without any of `^ $ * + ? ( ) [ ] { } | \` a prefix of the path, else a regular expression searched in it.
       * Either may be written with the app's prefix (`/intercom/contacts`) or without (`/contacts`). The query is no part.
       */
      path: path.optional(),
    })
    .default({}),
  /** Share of matching calls hit. */
  rate: z.number().min(0).max(1).default(1),
  /** The same seed hits the same calls, counted among the matching ones. */
  seed: z.number().int().default(1),
  /** After this many hits the rule is silent; null: never. */
  times: z.number().int().min(1).nullable().default(null),
  /** `before`: nothing is done. `after`: the work is done, then the answer is replaced or lost. */
  when: z.enum(['before', 'after']).default('before'),
}

/** What can be asked for at `POST /_sandbox/{app}/faults`: exactly one of `status`, `delayMs` and `drop`. */
export const faultRuleSchema = z
  .strictObject({
    ...common,
    status: z.number().int().min(200).max(599).optional(),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.json().optional(),
    delayMs: z.number().int().min(1).max(600_000).optional(),
    drop: z.literal(true).optional(),
  })
  .superRefine((rule, context) => {
    const kinds = [rule.status, rule.delayMs, rule.drop].filter((kind) => kind !== undefined).length
    if (kinds !== 1)
      context.addIssue({ code: 'custom', message: 'Give exactly one of status, delayMs and drop (true).' })
    if (rule.status === undefined && (rule.headers !== undefined || rule.body !== undefined))
      context.addIssue({ code: 'custom', message: 'headers and body go with status.' })
  })
export type FaultRule = z.output<typeof faultRuleSchema>
export type StoredFault = FaultRule & { id: number; seen: number; fired: number }

export interface FaultCall {
  method: string
  /** Without the app's prefix and without the query. */
  path: string
}

export interface FaultBox {
  add(rule: FaultRule): StoredFault
  list(): StoredFault[]
  clear(): void
  /** The first rule, in the order they were added, that hits this call; counts it. */
  choose(call: FaultCall): StoredFault | undefined
}

/** Rules and their counters are kept in the database: a killed sandbox goes on where it was. */
export function faultBox(sqlite: DatabaseSync, app: string): FaultBox {
  const insert = sqlite.prepare('insert into fault (app, rule, seen, fired) values (?, ?, 0, 0) returning id')
  const counted = sqlite.prepare('update fault set seen = ?, fired = ? where id = ?')
  const read = sqlite.prepare('select id, rule, seen, fired from fault where app = ? order by id')
  const wipe = sqlite.prepare('delete from fault where app = ?')
  const rules: StoredFault[] = read.all(app).map((row) => ({
    ...(JSON.parse(String(row.rule)) as FaultRule),
    id: Number(row.id),
    seen: Number(row.seen),
    fired: Number(row.fired),
  }))
  return {
    add: (rule) => {
      const stored = { ...rule, id: Number(insert.get(app, JSON.stringify(rule))?.id), seen: 0, fired: 0 }
      rules.push(stored)
      return stored
    },
    list: () => rules.map((rule) => ({ ...rule })),
    clear: () => {
      wipe.run(app)
      rules.length = 0
    },
    choose: (call) => {
      for (const rule of rules) {
        if (!matches(rule.match, { app, call })) continue
        if (rule.times !== null && rule.fired >= rule.times) continue
        rule.seen += 1
        const hit = chance(rule.seed, rule.seen) < rule.rate
        if (hit) rule.fired += 1
        counted.run(rule.seen, rule.fired, rule.id)
        if (hit) return rule
      }
      return undefined
    },
  }
}

function matches(match: FaultRule['match'], { app, call }: { app: string; call: FaultCall }): boolean {
  if (match.method !== undefined && match.method !== call.method) return false
  if (match.path === undefined) return true
  const paths = [call.path, `/${app}${call.path}`]
  if (!REGEX_SIGNS.test(match.path)) return paths.some((candidate) => candidate.startsWith(match.path ?? ''))
  const pattern = new RegExp(match.path)
  return paths.some((candidate) => pattern.test(candidate))
}

/** A number in [0, 1) that depends on the seed and the position alone (mulberry32 over a mixed state). */
export function chance(seed: number, position: number): number {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(position, 0x6d2b79f5)) | 0
  state = Math.imul(state ^ (state >>> 15), state | 1)
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61)
  return ((state ^ (state >>> 14)) >>> 0) / 4_294_967_296
}
