import { createContext, useContext } from 'react'
import type { RuleIssue } from '../../../engine/rules/check.ts'

/** What is wrong with the rule that is drawn, by paths from its root. */
export const RuleIssues = createContext<readonly RuleIssue[]>([])

/** What is wrong at a place and below it, each said once. @param path of a condition, from the root of its rule */
export function useIssues(path: string): string[] {
  const issues = useContext(RuleIssues)
  const here = issues.filter((issue) => path === '' || issue.path === path || issue.path.startsWith(`${path}.`))
  return [...new Set(here.map(({ message }) => message))]
}
