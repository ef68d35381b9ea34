import type { Json } from '../../nodes/manifest.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import type { SubjectKind } from '../model/playbook.ts'
import type { Facts, Instant, Rule, Trace } from '../model/rule.ts'
import { asRule } from '../rules/check.ts'
import { evaluate } from '../rules/evaluate.ts'

/** Something that may start runs. `data` is what a run will find under `trigger.` */
export type Occurrence =
  | { kind: 'event'; event: string; data: TriggerValues }
  | { kind: 'signal'; signal: string; edge: 'set' | 'cleared'; data: TriggerValues }
  | { kind: 'segment'; segment: string; edge: 'entered' | 'left'; data: TriggerValues }

type TriggerValues = { [name: string]: Json }

/** A published playbook; `key` is the caller's own name for it. */
export interface Published<K> {
  key: K
  plan: Plan
}

export interface Candidate<K> {
  key: K
  /** The trigger step that matched. */
  step: string
  subject: SubjectKind
  /** What the trigger's where-rule saw; null where it has none. */
  why: Trace | null
}

export interface Matches<K> {
  starts: Array<Candidate<K>>
  /** Triggers on this occurrence whose where-rule was false: the answer to "why not?". */
  refused: Array<Candidate<K>>
}

export interface TriggerIndex<K> {
  /** @param now for where-rules that compare with the present */
  match(occurrence: Occurrence, now: Instant): Matches<K>
}

interface Entry<K> {
  key: K
  step: string
  subject: SubjectKind
  where: Rule | null
}

/** From what happened to the triggers that listen for it: the cost grows with matches, not with playbooks. */
export function buildTriggerIndex<K>(published: Iterable<Published<K>>): TriggerIndex<K> {
  const listeners = new Map<string, Array<Entry<K>>>()
  for (const { key, plan } of published)
    for (const step of plan.steps) {
      const heard = step.op === 'trigger' ? listensTo(step) : null
      if (heard === null || step.op !== 'trigger') continue
      const entry = { key, step: step.id, subject: plan.subject, where: asRule(step.input.where) }
      const known = listeners.get(heard)
      if (known) known.push(entry)
      else listeners.set(heard, [entry])
    }
  return {
    match(occurrence, now) {
      const matches: Matches<K> = { starts: [], refused: [] }
      for (const { where, ...entry } of listeners.get(keyOf(occurrence)) ?? []) {
        const seen = where === null ? null : evaluate(where, { ...nothing(now), trigger: occurrence.data }, now)
        const list = seen === null || seen.value ? matches.starts : matches.refused
        list.push({ ...entry, why: seen?.why ?? null })
      }
      return matches
    },
  }
}

const nothing = (at: Instant): Facts => ({ at, contact: null, account: null, segments: [], signals: [], events: {} })

/** Webhooks, schedules and calls of the API name their playbook themselves and need no index. */
function listensTo({ type, input }: PlanStep & { op: 'trigger' }): string | null {
  switch (type.split('@')[0]) {
    case 'trigger.event':
      return keyOf({ kind: 'event', event: String(input.event), data: {} })
    case 'trigger.signal':
      return JSON.stringify(['signal', input.signal, input.edge])
    case 'trigger.segment':
      return JSON.stringify(['segment', input.segment, input.edge])
    default:
      return null
  }
}

function keyOf(occurrence: Occurrence): string {
  switch (occurrence.kind) {
    case 'event':
      return JSON.stringify(['event', occurrence.event])
    case 'signal':
      return JSON.stringify(['signal', occurrence.signal, occurrence.edge])
    case 'segment':
      return JSON.stringify(['segment', occurrence.segment, occurrence.edge])
  }
}
