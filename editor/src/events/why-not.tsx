import { Button, Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { WhyInput } from '../../../api/why/why-schemas.ts'
import { trpc } from '../api/client.ts'
import type { EventDetails } from '../api/types.ts'
import { ListSkeleton } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { WhyAnswerView } from '../why/why-answer.tsx'

type Rule = EventDetails['rules'][number]

/** Why a rule did not turn when the event was worked, as it was known then. */
export function WhyNot({ rule, at }: { rule: Rule; at: string }) {
  const [open, setOpen] = useState(false)
  const title = `${rule.slug} of ${rule.subject.label}, after this event`
  return (
    <>
      <Button size="compact-xs" variant="subtle" aria-label={`Why ${rule.slug} stayed`} onClick={() => setOpen(true)}>
        Why?
      </Button>
      {open && (
        <Modal opened onClose={() => setOpen(false)} size="xl" title={title}>
          <Answer rule={rule} at={at} />
        </Modal>
      )}
    </>
  )
}

function Answer({ rule, at }: { rule: Rule; at: string }) {
  const answer = useQuery(trpc.why.ask.queryOptions(inputOf(rule, at)))
  if (answer.isPending) return <ListSkeleton rows={3} />
  if (answer.isError) return <ProblemPanel error={answer.error} retry={() => void answer.refetch()} />
  return answer.data.kind === 'answer' ? <WhyAnswerView answer={answer.data} /> : null
}

function inputOf({ kind, slug, subject: { kind: of, id } }: Rule, at: string): WhyInput {
  const subject = of === 'contact' ? { contact: id } : { account: id }
  switch (kind) {
    case 'segment':
      return { subject, at, segment: slug }
    case 'signal':
      return { subject, at, signal: slug }
    case 'score':
      return { subject, at, score: slug }
  }
}
