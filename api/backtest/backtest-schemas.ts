import { z } from 'zod'
import { isoTime, jsonObject } from '../playbooks/playbook-schemas.ts'
import type { BacktestResult } from './run-backtest.ts'

const status = z.enum(['waiting', 'running', 'done', 'failed', 'cancelled'])

export const backtestRow = z.object({
  id: z.string(),
  status,
  /** 0 to 1. */
  progress: z.number(),
  from: isoTime,
  until: isoTime,
  askedBy: z.string(),
  askedAt: isoTime,
  endedAt: isoTime.nullable(),
  /** Why it failed. */
  fault: z.string().nullable(),
  /** Of the document that is played, without names, notes and places: two of one digest are of the same draft. */
  digest: z.string().nullable(),
})
export type BacktestRow = z.output<typeof backtestRow>

export const backtestView = backtestRow.extend({ result: z.custom<BacktestResult>(() => true).nullable() })
export type BacktestView = z.output<typeof backtestView>

export const backtestDays = z.int().min(1).max(3650)
export const backtestPins = jsonObject.default({})
