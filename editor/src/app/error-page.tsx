import { Button } from '@mantine/core'
import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { Signpost } from 'lucide-react'
import { Empty } from '../ui/empty.tsx'
import { useDocumentTitle } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  useDocumentTitle('Problem')
  return (
    <div className="sb-page">
      <ProblemPanel error={error} retry={reset} />
    </div>
  )
}

export function NotFoundPage() {
  useDocumentTitle('Not here')
  return (
    <Empty
      icon={Signpost}
      title="There is nothing at this address"
      actions={
        <Button component={Link} to="/playbooks">
          Go to the playbooks
        </Button>
      }
    >
      It may have been renamed or removed.
    </Empty>
  )
}
