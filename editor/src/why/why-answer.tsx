import { Text, Title } from '@mantine/core'
import type { WhyAnswer, WhyPlaybook } from '../../../api/why/why-schemas.ts'
import { Link } from '@tanstack/react-router'
import { Notice } from '../ui/problem-panel.tsx'
import { ExactTime } from '../ui/time.tsx'
import { Said } from './said.tsx'
import { WhyTree } from './why-tree.tsx'
import './why.css'

/** The answer in big words, its reasons, and what would give the other one. */
export function WhyAnswerView({ answer }: { answer: WhyAnswer }) {
  const { value, words, trace, flips, edge, doubts, validUntil, of } = answer
  const big = of.kind === 'score' ? scoreWords(answer) : value ? 'Yes' : 'No'
  return (
    <div className="sb-why-answer">
      <Verdict big={big} value={value} words={words} />
      {edge !== null && (
        <Text size="sm" c="dimmed">
          On record: {edge.edge} <ExactTime when={edge.at} />, {edge.cause.words}.
        </Text>
      )}
      <Doubts doubts={doubts} />
      {flips.length > 0 && (
        <section aria-label="What would turn it">
          <Title order={3}>What would turn it</Title>
          <ul className="sb-why-flips">
            {flips.map((flip) => (
              <li key={flip.words}>
                {flip.at === null ? (
                  <Said words={flip.words} />
                ) : (
                  <>
                    Nothing but time: it turns by itself on <ExactTime when={flip.at} />.
                  </>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section aria-label="Part by part">
        <Title order={3}>Part by part</Title>
        <WhyTree node={trace} />
        {validUntil !== null && (
          <Text size="xs" c="dimmed" mt={6}>
            With no new data this stands until <ExactTime when={validUntil} /> at least.
          </Text>
        )}
      </section>
    </div>
  )
}

function scoreWords({ score }: WhyAnswer): string {
  if (score === null || typeof score !== 'object' || Array.isArray(score)) return 'None'
  const { value, band } = score
  return typeof value === 'number' ? `${value}${typeof band === 'string' ? ` · ${band}` : ''}` : 'None'
}

function Verdict({ big, value, words }: { big: string; value: boolean; words: string }) {
  return (
    <div className="sb-why-verdict" role="status" data-value={value}>
      <span className="sb-why-big">{big}</span>
      <p>
        <Said words={words} />
      </p>
    </div>
  )
}

export function Doubts({ doubts }: { doubts: readonly string[] }) {
  if (doubts.length === 0) return null
  return (
    <Notice tone="warn" title="What is on record and what is worked out now">
      <ul className="sb-why-flips">
        {doubts.map((words) => (
          <li key={words}>
            <Said words={words} />
          </li>
        ))}
      </ul>
    </Notice>
  )
}

/** Whether a playbook would enroll somebody: each thing that it hangs on. */
export function WhyPlaybookView({ answer }: { answer: WhyPlaybook }) {
  return (
    <div className="sb-why-answer">
      <Verdict big={answer.value ? 'Yes' : 'No'} value={answer.value} words={answer.words} />
      <Doubts doubts={answer.doubts} />
      <section aria-label="What it hangs on">
        <Title order={3}>What it hangs on</Title>
        <ul className="sb-why-flips">
          {answer.checks.map((check) => (
            <li key={check.what} data-value={check.ok}>
              <strong>{check.ok ? 'Yes' : 'No'}</strong> <Said words={check.words} />
            </li>
          ))}
        </ul>
      </section>
      {answer.triggers.map((trigger) => (
        <section key={trigger.step} aria-label={`Trigger ${trigger.step}`}>
          {trigger.answer !== null && <WhyTree node={trigger.answer.trace} />}
          {trigger.where !== null && <WhyTree node={trigger.where} />}
        </section>
      ))}
      {answer.enrollments.length > 0 && (
        <section aria-label="On record">
          <Title order={3}>What was decided nearest to then</Title>
          <ul className="sb-why-flips">
            {answer.enrollments.map(({ id, at, outcome, reason, runId }) => (
              <li key={id}>
                <ExactTime when={at} />: {outcome}. <Said words={reason} />{' '}
                {runId !== null && (
                  <Link to="/runs/$id" params={{ id: runId }}>
                    Open the run
                  </Link>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  )
}
