import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'

/** Set at a run’s start; the version alone changes, when it goes over to another. Ids and hashes only: no personal data. */
export const WORKSPACE = defineSearchAttributeKey('SignalboxWorkspace', SearchAttributeType.KEYWORD)
export const PLAYBOOK = defineSearchAttributeKey('SignalboxPlaybook', SearchAttributeType.KEYWORD)
export const VERSION = defineSearchAttributeKey('SignalboxVersion', SearchAttributeType.INT)
export const SUBJECT = defineSearchAttributeKey('SignalboxSubject', SearchAttributeType.KEYWORD)

/** Name → type as the server's command line and operator API take them. */
export const SEARCH_ATTRIBUTES: { [name: string]: 'Keyword' | 'Int' } = {
  [WORKSPACE.name]: 'Keyword',
  [PLAYBOOK.name]: 'Keyword',
  [VERSION.name]: 'Int',
  [SUBJECT.name]: 'Keyword',
}
