import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { trpc } from '../api/client.ts'
import { upstreamData } from '../document/upstream-data.ts'
import type { RuleWorld } from './rule-model.ts'

type Subject = 'contact' | 'account'

/** What a rule about contacts or accounts can be built from in this workspace. */
export function useRuleWorld(subject: Subject): RuleWorld {
  const { data } = useQuery({ ...trpc.catalog.context.queryOptions(), staleTime: 30_000 })
  return useMemo(() => {
    if (data === undefined) return { groups: [], eventNames: [], segments: [], signals: [] }
    const nobody = { name: '', subject, enrollment: { reentry: { policy: 'every' as const }, exit: [], goal: null } }
    const groups = upstreamData({ ...nobody, steps: [], edges: [] }, null, {
      manifest: { steps: [], connectors: [] },
      properties: data.properties,
    })
    const same = <A extends { subject: string }>(list: A[]) => list.filter((one) => one.subject === subject)
    return { groups, eventNames: data.eventNames, segments: same(data.segments), signals: same(data.signals) }
  }, [data, subject])
}
