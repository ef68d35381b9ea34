import { Link } from '@tanstack/react-router'
import type { SubjectView } from '../api/types.ts'

/** A contact or account by its label. */
export function SubjectLink({ subject }: { subject: SubjectView }) {
  const to = subject.kind === 'contact' ? '/contacts/$id' : '/accounts/$id'
  return (
    <Link to={to} params={{ id: subject.id }} className="sb-row-link">
      {subject.label}
    </Link>
  )
}
