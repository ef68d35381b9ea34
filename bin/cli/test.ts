import { callApi } from './api-client.ts'

interface Report {
  passed: number
  failed: number
  results: Array<{ name: string; passed: boolean; differences: Array<{ words: string }> }>
}

/** Runs the tests of the named playbooks, or of all, against their drafts. Fails when one of them does. */
export async function test(slugs: string[]): Promise<void> {
  const wanted =
    slugs.length > 0
      ? slugs
      : (await callApi<{ data: Array<{ slug: string }> }>('GET', '/v1/playbooks')).data.map(({ slug }) => slug)
  let [passed, failed] = [0, 0]
  for (const slug of wanted) {
    const report = await callApi<Report>('POST', `/v1/playbooks/${encodeURIComponent(slug)}/tests/run`, { body: {} })
    passed += report.passed
    failed += report.failed
    for (const { name, passed: went, differences } of report.results) {
      console.log(`${went ? 'ok  ' : 'FAIL'}  ${slug}: ${name}`)
      for (const { words } of differences) console.log(`        ${words}`)
    }
  }
  console.log(`${passed + failed === 0 ? 'There are no tests.' : `${passed} passed, ${failed} failed`}`)
  if (failed > 0) process.exitCode = 1
}
