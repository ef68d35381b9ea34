import type { KeptLink, Link, Origin } from '../../engine/run/chain.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Queryable, Statement } from '../db/sql.ts'

const RUNS: Statement = {
  name: 'chain-runs',
  text: `
SELECT r.id, r.playbook_id AS "playbookId", p.name, r.subject_id AS "subjectId", r.entry_key AS key, r.cause -> 'chain' AS chain
FROM runs r JOIN playbooks p ON p.workspace_id = r.workspace_id AND p.id = r.playbook_id
WHERE r.workspace_id = $1 AND r.id = ANY($2::text[])`,
}

interface ChainRow {
  id: string
  playbookId: string
  name: string
  subjectId: string
  key: string | null
  chain: KeptLink[] | null
}

/**
 * For each of these causes the runs that led to it, the oldest first; none where no effect of ours did, or where the run
 * is no longer kept. Costs nothing where nothing came of an effect.
 */
export async function readChains(q: Queryable, workspaceId: string, causes: Json[]): Promise<Link[][]> {
  const origins = causes.map(originIn)
  const ids = unique(origins.flatMap((origin) => (origin === null ? [] : [origin.run])))
  if (ids.length === 0) return causes.map(() => [])
  const runs = await q.rows<ChainRow>(RUNS, [workspaceId, ids])
  const before = unique(runs.flatMap(({ chain }) => (chain ?? []).map(({ run }) => run)))
  // Whom the runs before were for is asked of themselves: a chain kept with others names nobody.
  const all = before.length === 0 ? runs : [...runs, ...(await q.rows<ChainRow>(RUNS, [workspaceId, before]))]
  const byId = new Map(all.map((row) => [row.id, row]))
  return causes.map((cause, i) => {
    const origin = origins[i] ?? null
    const row = origin === null ? undefined : byId.get(origin.run)
    if (row === undefined || origin === null) return []
    const chain: KeptLink[] = [...(row.chain ?? []), linkOf(row, { origin, cause })]
    return chain.map((link) => {
      const { subjectId = null, key = null } = byId.get(link.run) ?? {}
      return { ...link, subjectId, key }
    })
  })
}

/** As a run keeps it. */
export const keptChain = (chain: Link[]): Json =>
  chain.map(({ run, playbook, step, led }) => ({ run, playbook, step, led }))

const unique = (ids: string[]): string[] => [...new Set(ids)]

const linkOf = (row: ChainRow, { origin, cause }: { origin: Origin; cause: Json }): KeptLink => ({
  run: row.id,
  playbook: { id: row.playbookId, name: row.name },
  step: origin.step,
  led: ledTo(cause, origin),
})

/** The effect that a cause names: its own, or that of the event that turned a segment or signal. */
function originIn(cause: Json): Origin | null {
  if (!isRecord(cause)) return null
  const { origin } = cause
  if (isRecord(origin)) return origin as unknown as Origin
  return cause.kind === 'edge' ? originIn(cause.cause ?? null) : null
}

function ledTo(cause: Json, { how }: Origin): string {
  if (!isRecord(cause)) return 'a start'
  switch (cause.kind) {
    case 'event':
      return eventWords(cause, how)
    case 'edge': {
      const audience = isRecord(cause.audience) ? cause.audience : {}
      const by = isRecord(cause.cause) && cause.cause.kind === 'event' ? `${eventWords(cause.cause, how)} → ` : ''
      return `${by}the ${textOf(audience.kind)} “${textOf(audience.slug)}” ${TURNED[textOf(cause.turned)] ?? 'changed'}`
    }
    case 'webhook':
      return 'a call of a playbook’s webhook'
    case 'manual':
      return 'a start by the API'
    default:
      return how === 'call' ? 'a call of the playbook' : 'a start'
  }
}

const TURNED: { [edge: string]: string } = {
  set: 'was set',
  cleared: 'was cleared',
  entered: 'was entered',
  left: 'was left',
}

const eventWords = ({ name }: { [field: string]: Json }, how: Origin['how']): string =>
  `${how === 'echo' ? 'news of it, ' : ''}${textOf(name) === '' ? 'a call that describes them' : `the event “${textOf(name)}”`}`

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

const isRecord = (value: Json | undefined): value is { [name: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
