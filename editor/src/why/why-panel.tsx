import { SegmentedControl, Select, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Rule } from '../../../engine/model/rule.ts'
import type { WhyInput, WhyView } from '../../../api/why/why-schemas.ts'
import { trpc } from '../api/client.ts'
import { subjectChoice } from '../customers/subject-input.tsx'
import { RuleBuilder } from '../rules/rule-builder.tsx'
import { asGroup } from '../rules/rule-model.ts'
import { useRuleWorld } from '../rules/use-rule-world.ts'
import { ListSkeleton } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { WhyAnswerView, WhyPlaybookView } from './why-answer.tsx'
import { WhyMoment } from './why-moment.tsx'
import './why.css'

export interface WhySubjectRef {
  kind: 'contact' | 'account'
  id: string
}
export type WhyQuestion =
  | { kind: 'segment' | 'signal' | 'score' | 'playbook'; slug: string }
  | { kind: 'rule'; rule: Rule }

type Kind = WhyQuestion['kind']
const KINDS: Array<{ value: Kind; label: string }> = [
  { value: 'segment', label: 'Segment' },
  { value: 'signal', label: 'Signal' },
  { value: 'score', label: 'Score' },
  { value: 'playbook', label: 'Playbook' },
  { value: 'rule', label: 'A rule of your own' },
]

/** Asks why, or why not, of somebody: any segment, signal, score, playbook or rule, now or at any past moment. */
export function WhyPanel({ subject }: { subject: WhySubjectRef }) {
  const [question, ask] = useState<WhyQuestion | null>(null)
  return (
    <Stack className="sb-why">
      <Choose kind={subject.kind} question={question} onChange={ask} />
      {question !== null && (
        <WhyThen
          key={`${question.kind} ${'slug' in question ? question.slug : ''}`}
          subject={subject}
          question={question}
        />
      )}
      {question === null && (
        <Text size="sm" c="dimmed">
          Choose what to ask about. The answer tells every part, where its value came from, and what would turn it.
        </Text>
      )}
    </Stack>
  )
}

const EMPTY: Rule = { all: [] }

function Choose(props: {
  kind: 'contact' | 'account'
  question: WhyQuestion | null
  onChange: (question: WhyQuestion | null) => void
}) {
  const { kind, question, onChange } = props
  const world = useRuleWorld(kind)
  const scores = useQuery({ ...trpc.scores.list.queryOptions(), staleTime: 30_000 })
  const playbooks = useQuery({ ...trpc.playbooks.list.queryOptions(), staleTime: 30_000 })
  const [what, setWhat] = useState<Kind>('segment')
  const named = {
    segment: world.segments,
    signal: world.signals,
    score: (scores.data?.data ?? []).filter((one) => one.subject === kind),
    playbook: (playbooks.data?.data ?? []).filter((one) => one.subject === kind && one.liveVersion !== null),
    rule: [],
  }[what]
  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label="Ask about"
        data={KINDS}
        value={what}
        onChange={(value) => {
          const next = KINDS.find((one) => one.value === value)?.value ?? 'segment'
          setWhat(next)
          onChange(next === 'rule' ? { kind: 'rule', rule: EMPTY } : null)
        }}
      />
      {what === 'rule' ? (
        <RuleBuilder
          label="Rule to ask"
          rule={question?.kind === 'rule' ? question.rule : EMPTY}
          world={world}
          onChange={(rule) => onChange({ kind: 'rule', rule })}
        />
      ) : (
        <Select
          key={what}
          label={KINDS.find((one) => one.value === what)?.label ?? what}
          placeholder={named.length === 0 ? 'There is none' : 'Choose one'}
          searchable
          data={named.map(({ slug, name }) => ({ value: slug, label: name }))}
          value={question !== null && 'slug' in question ? question.slug : null}
          onChange={(slug) => onChange(slug === null ? null : { kind: what, slug })}
        />
      )}
    </Stack>
  )
}

/** One question about one subject, at any moment. */
export function WhyThen({ subject, question }: { subject: WhySubjectRef; question: WhyQuestion }) {
  const [at, setAt] = useState<string | null>(null)
  const [settledAt] = useDebouncedValue(at, 250)
  const [settled] = useDebouncedValue(question, 400)
  const isEmpty = settled.kind === 'rule' && asGroup(settled.rule)?.children.length === 0
  const answer = useQuery({
    ...trpc.why.ask.queryOptions(inputOf(subject, settled, settledAt)),
    enabled: !isEmpty,
    placeholderData: (old) => old,
  })
  const view: WhyView | undefined = answer.data
  if (isEmpty)
    return (
      <Text size="sm" c="dimmed">
        Add a condition to ask whether it holds, and why.
      </Text>
    )
  return (
    <Stack>
      <WhyMoment
        at={at}
        shown={view?.at ?? null}
        history={view?.kind === 'answer' ? view.history : []}
        onChange={setAt}
      />
      {answer.isError && <ProblemPanel error={answer.error} />}
      {answer.isPending && <ListSkeleton rows={3} />}
      {!answer.isError && view?.kind === 'answer' && <WhyAnswerView answer={view} />}
      {!answer.isError && view?.kind === 'playbook' && <WhyPlaybookView answer={view} />}
    </Stack>
  )
}

function inputOf({ kind, id }: WhySubjectRef, question: WhyQuestion, at: string | null): WhyInput {
  const shared = { subject: subjectChoice(kind, id), ...(at === null ? {} : { at }) }
  switch (question.kind) {
    case 'rule':
      return { ...shared, rule: question.rule }
    case 'segment':
      return { ...shared, segment: question.slug }
    case 'signal':
      return { ...shared, signal: question.slug }
    case 'score':
      return { ...shared, score: question.slug }
    case 'playbook':
      return { ...shared, playbook: question.slug }
  }
}
