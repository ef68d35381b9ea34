import { z } from 'zod'
import type { TestDifference, TestFixture, TestOutcome } from '../../engine/run/test-case.ts'
import { isoTime } from '../playbooks/playbook-schemas.ts'

export const testRow = z.object({
  id: z.string(),
  name: z.string(),
  madeBy: z.string(),
  madeAt: isoTime,
  expected: z.custom<TestOutcome>(() => true),
})
export type TestRow = z.output<typeof testRow>

export const testView = testRow.extend({ fixture: z.custom<TestFixture>(() => true) })

export const testResult = z.object({
  id: z.string(),
  name: z.string(),
  passed: z.boolean(),
  differences: z.array(z.custom<TestDifference>(() => true)),
  found: z.custom<TestOutcome>(() => true),
})
export type TestResult = z.output<typeof testResult>

export const testReport = z.object({ passed: z.int(), failed: z.int(), results: z.array(testResult) })
export type TestReport = z.output<typeof testReport>
