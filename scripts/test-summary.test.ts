import { expect, it } from 'vitest'
import { summarize, type TestReport } from './test-summary.ts'

const report = (values: Partial<TestReport>): TestReport => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...values,
})

it('counts what passed, failed and was left out', () => {
  const counted = summarize(report({ numPassedTests: 7, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 }), 1)
  expect(counted).toEqual({ passed: 7, failed: 2, skipped: 2 })
})

it('counts a file that could not be loaded as a failure', () => {
  const broken = report({ numPassedTests: 7, testResults: [{ status: 'failed', assertionResults: [] }] })
  expect(summarize(broken, 1)).toEqual({ passed: 7, failed: 1, skipped: 0 })
})

it('counts an error outside every test, or a runner that died, as a failure', () => {
  expect(summarize(report({ numPassedTests: 7 }), 1)).toEqual({ passed: 7, failed: 1, skipped: 0 })
  expect(summarize(null, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})
