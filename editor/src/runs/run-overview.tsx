import { Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { findStep } from '../../../nodes/manifest.ts'
import type { RunDetail } from '../api/types.ts'
import { labelOf } from '../canvas/step-summary.ts'
import { stepOf } from '../document/graph.ts'
import { useCatalog } from '../playbook/catalog-context.ts'
import { SaveTest } from '../playbook/save-test.tsx'
import { JsonView } from '../ui/json-view.tsx'
import { lookOf } from '../ui/status-badge.tsx'
import { clockTime, fullTime, untilWords } from '../ui/time.tsx'
import { WhyRun } from '../why/why-run.tsx'
import { KnownFacts } from './known-facts.tsx'
import { RunRelations } from './run-relations.tsx'

/** The run as a whole: who, what started it, and what happened when. */
export function RunOverview({ view, onStep }: { view: RunDetail; onStep: (id: string) => void }) {
  const { run, trigger, timeline, document, facts } = view
  const { manifest } = useCatalog()
  const nameOf = (id: string) => {
    const step = stepOf(document, id)
    return step === undefined ? id : labelOf(step, findStep(manifest, step.type))
  }
  const profile = run.subject.kind === 'contact' ? '/contacts/$id' : '/accounts/$id'
  return (
    <div className="sb-side-body">
      <div>
        <Title order={2}>
          <Link to={profile} params={{ id: run.subject.id }}>
            {run.subject.label}
          </Link>
        </Title>
        <Text size="sm" c="dimmed">
          Started by “{nameOf(trigger.step)}”. Choose a step on the canvas to see what it got and gave.
        </Text>
      </div>
      <WhyRun id={run.id} />
      <RunRelations view={view} />
      {run.endedAt !== null && <SaveTest slug={run.playbook.slug} from={{ run: run.id }} />}
      <section aria-label="Timeline">
        <Title order={3} mb={8}>
          Timeline
        </Title>
        <ol className="sb-timeline">
          {timeline.map((entry, index) => {
            const { icon: Icon, tone, words } = lookOf(entry.what === 'note' ? 'pending' : entry.what)
            return (
              // Entries of one instant have no other identity than their order.
              <li key={index} data-tone={tone}>
                <Icon size={14} aria-hidden="true" />
                <div>
                  {entry.step === null ? (
                    <strong>Run</strong>
                  ) : (
                    <button type="button" className="sb-timeline-step" onClick={() => onStep(entry.step ?? '')}>
                      {nameOf(entry.step)}
                    </button>
                  )}{' '}
                  {entry.item !== null && <span>item {entry.item} </span>}
                  <span>{entry.what === 'note' ? '' : words.toLowerCase()}</span>
                  {entry.port !== null && entry.port !== 'out' && <span> → {entry.port}</span>}
                  {entry.until !== null && <span> until {untilWords(entry.until)}</span>}
                  {entry.text !== null && <div className="sb-timeline-text">{entry.text}</div>}
                  {entry.by !== null && <div className="sb-timeline-text">by {entry.by}</div>}
                </div>
                <time dateTime={entry.at} title={fullTime(entry.at)}>
                  {clockTime(entry.at)}
                </time>
              </li>
            )
          })}
        </ol>
        {timeline.length === 0 && (
          <Text size="sm" c="dimmed">
            Waiting for a worker to begin.
          </Text>
        )}
      </section>
      <Stack gap={6}>
        <Title order={3}>What started it</Title>
        <JsonView label="trigger data" value={trigger.data} max={220} />
      </Stack>
      {facts !== null && (
        <Stack gap={6}>
          <Title order={3}>What it knew</Title>
          <KnownFacts facts={facts} />
        </Stack>
      )}
    </div>
  )
}
