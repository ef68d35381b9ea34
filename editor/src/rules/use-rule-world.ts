import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { trpc } from '../api/client.ts'
import type { RuleWorld } from './rule-model.ts'
import { NO_WORLD, ruleWorld } from './rule-world.ts'

/** What a rule about contacts or accounts can be built from in this workspace. */
export function useRuleWorld(subject: 'contact' | 'account'): RuleWorld {
  const { data } = useQuery({ ...trpc.catalog.context.queryOptions(), staleTime: 30_000 })
  return useMemo(() => (data === undefined ? { ...NO_WORLD, subject } : ruleWorld(data, subject)), [data, subject])
}
