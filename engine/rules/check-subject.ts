import type { SubjectKind } from '../model/playbook.ts'
import type { Rule } from '../model/rule.ts'
import { type Inside, walkRule } from './reads.ts'

/** What a rule reads that is not there where it is asked. */
export interface SubjectIssue {
  message: string
  fix: string
}

/** What the subject of a rule does not have. */
export function subjectIssues(subject: SubjectKind, rule: Rule): SubjectIssue[] {
  const issues = [...relatedIssues(subject, rule)]
  walkRule(rule, (leaf, inside) => {
    const issue = wrongPath(subject, leaf, inside)
    if (issue !== null) issues.push(issue)
  })
  return issues
}

/**
 * What neither the subject nor its run has. A run about an account may have a contact, of the event that started it,
 * and it has what its trigger brought and its steps left: nothing of that is said here.
 */
export function relatedIssues(subject: SubjectKind, rule: Rule): SubjectIssue[] {
  const issues: SubjectIssue[] = []
  walkRule(rule, (leaf) => {
    if ('contacts' in leaf && subject === 'contact') issues.push(NO_CONTACTS)
    if ('accounts' in leaf && subject === 'account') issues.push(NO_ACCOUNTS)
  })
  return issues
}

const NO_CONTACTS: SubjectIssue = {
  message: 'A contact has no contacts: only a rule about accounts counts its contacts.',
  fix: 'Ask the contact itself, or count its accounts.',
}
const NO_ACCOUNTS: SubjectIssue = {
  message: 'An account has no accounts: only a rule about contacts counts its accounts.',
  fix: 'Ask the account itself, or count its contacts.',
}

function wrongPath(subject: SubjectKind, leaf: Rule, inside: Inside): SubjectIssue | null {
  const path = 'property' in leaf ? leaf.property : 'changed' in leaf ? leaf.changed : null
  if (path === null) return null
  const [root] = path.split('.')
  if (root !== 'contact' && root !== 'account')
    return {
      message: `${path}: only runs have that.`,
      fix: 'Use a property of the contact or account, or an event.',
    }
  // Inside, `checkRule` has seen that the path is one of the related subject's own.
  if (root === 'contact' && subject === 'account' && inside === null)
    return {
      message: `${path}: this is about accounts, which have many contacts.`,
      fix: 'Use a property of the account, or count its contacts.',
    }
  return null
}
