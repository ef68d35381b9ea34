import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { trpc } from '../api/client.ts'
import type { StepMark } from '../canvas/flow-graph.ts'

/** A dry run as the canvas shows it. */
export interface DryRunShown {
  statuses: ReadonlyMap<string, string>
  taken: (from: string, port: string, to: string) => boolean
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

const kept = new WeakMap<DryRunShown, ReadonlyMap<string, StepMark>>()

/** The same marks for the same dry run, so that the canvas draws nothing twice. */
export function dryRunMarks(shown: DryRunShown): ReadonlyMap<string, StepMark> {
  const old = kept.get(shown)
  if (old !== undefined) return old
  const marks = new Map([...shown.statuses].map(([step, status]): [string, StepMark] => [step, { status }]))
  kept.set(shown, marks)
  return marks
}
