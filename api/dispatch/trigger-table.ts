import type { Enrollment } from '../../engine/model/playbook.ts'
import type { Rule } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { SubjectKind } from './audience-index.ts'

/** A published playbook that is on, or paused (so that the event debugger can say why nothing started). */
export interface LivePlaybook {
  id: string
  slug: string
  version: number
  planHash: string
  subject: SubjectKind
  enrollment: Enrollment
  triggers: Array<{ step: string; type: string; input: { [field: string]: Json } }>
}

/** One trigger step of one playbook. */
export interface TriggerEntry {
  playbook: LivePlaybook
  step: string
  /** Rule over the event, of event triggers. */
  where: Rule | null
}

export interface TriggerTable {
  byEvent: Map<string, TriggerEntry[]>
  /** By `signal:<slug>:set` and the like. */
  byEdge: Map<string, TriggerEntry[]>
}

export const edgeKey = (kind: 'segment' | 'signal', slug: string, edge: string): string => `${kind}:${slug}:${edge}`

/** Looked up by name: what an event costs does not grow with playbooks it cannot start. */
export function buildTriggerTable(playbooks: readonly LivePlaybook[]): TriggerTable {
  const table: TriggerTable = { byEvent: new Map(), byEdge: new Map() }
  for (const playbook of playbooks)
    for (const { step, type, input } of playbook.triggers) {
      const [name] = type.split('@')
      if (name === 'trigger.event')
        push(table.byEvent, String(input.event), { playbook, step, where: whereOf(input.where) })
      if (name === 'trigger.signal')
        push(table.byEdge, edgeKey('signal', String(input.signal), String(input.edge)), { playbook, step, where: null })
      if (name === 'trigger.segment')
        push(table.byEdge, edgeKey('segment', String(input.segment), String(input.edge)), {
          playbook,
          step,
          where: null,
        })
    }
  return table
}

// Compile has checked the rule before it could be published.
const whereOf = (where: Json | undefined): Rule | null =>
  where === undefined || where === null ? null : (where as unknown as Rule)

function push(map: Map<string, TriggerEntry[]>, key: string, entry: TriggerEntry): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [entry])
  else list.push(entry)
}
