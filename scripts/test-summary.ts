/** The part of vitest's JSON report that is read here. */
export type TestReport = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { status: string; assertionResults: unknown[] }[]
}

/**
 * Counts a test run so that nothing that went wrong is lost: a file that could not be loaded, an error outside every
 * test, and a runner that ended without a report each count as a failure.
 *
 * @param report Null when the runner wrote none.
 * @param exitCode Of the runner.
 */
export function summarize(
  report: TestReport | null,
  exitCode: number,
): { passed: number; failed: number; skipped: number } {
  if (report === null) return { passed: 0, failed: 1, skipped: 0 }
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length
  const failed = report.numFailedTests + unloaded
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}
