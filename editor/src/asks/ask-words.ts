import type { Ask } from '../api/types.ts'

const WHO = { anybody: 'Members', editors: 'Editors and owners', owners: 'Owners' }

export const whoWords = ({ people, who }: Pick<Ask, 'people' | 'who'>): string =>
  people.length > 0 ? `Only ${people.join(', ')}` : WHO[who]

const ANSWERS: { [port: string]: string } = { approved: 'Approved', rejected: 'Rejected', answered: 'Answered' }

/** What became of it, in one line. */
export function answerWords({ status, answer, decidedBy }: Pick<Ask, 'status' | 'answer' | 'decidedBy'>): string {
  if (status === 'answered') return `${ANSWERS[answer ?? ''] ?? answer} by ${decidedBy}`
  if (status === 'expired') return 'Its time is over: the run has gone on without an answer.'
  return 'The run has gone on or ended without this answer.'
}

/** What was said with the answer: the comment, or the fields of the form. */
export function saidWords({ said, fields }: Pick<Ask, 'said' | 'fields'>): Array<{ label: string; value: string }> {
  if (said === null || typeof said !== 'object' || Array.isArray(said)) return []
  const { comment, values } = said
  if (typeof comment === 'string') return [{ label: 'Comment', value: comment }]
  if (values === null || typeof values !== 'object' || Array.isArray(values)) return []
  return fields.flatMap(({ name, label }) => {
    const value = values[name]
    if (value === undefined || value === null) return []
    return [{ label, value: value === true ? 'Yes' : value === false ? 'No' : String(value) }]
  })
}
