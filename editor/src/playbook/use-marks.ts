import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { trpc } from '../api/client.ts'
import type { StepMark } from '../canvas/flow-graph.ts'

/** What came of a dry run or a backtest, as the canvas shows it. */
export interface TrialShown {
  marks: ReadonlyMap<string, StepMark>
  taken: (from: string, port: string, to: string) => boolean
  /** How many went by each port; null for a dry run, in which it is one. */
  labels: ((from: string, port: string) => string | null) | null
}

const NONE: ReadonlyMap<string, StepMark> = new Map()

/** How many open runs are at each step now. */
export function useFlowMarks(slug: string): ReadonlyMap<string, StepMark> {
  const flow = useQuery({ ...trpc.playbooks.flow.queryOptions({ slug }), refetchInterval: 5000 })
  const { data } = flow
  return useMemo(
    () =>
      data === undefined
        ? NONE
        : new Map(
            Object.entries(data.steps)
              .filter(([, count]) => count > 0)
              .map(([step, count]) => [step, { count }]),
          ),
    [data],
  )
}
