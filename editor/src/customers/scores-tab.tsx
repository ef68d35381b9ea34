import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Gauge } from 'lucide-react'
import { trpc } from '../api/client.ts'
import type { ContactView } from '../api/types.ts'
import { BandName } from '../scores/band.tsx'
import { ScoreChart } from '../scores/score-chart.tsx'
import { Empty } from '../ui/empty.tsx'
import { ListSkeleton } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { TraceView } from '../ui/trace-view.tsx'

type Score = ContactView['scores'][number]

/** Each score of somebody: now, as it went, and what each part gives. */
export function ScoresTab({ id, scores }: { id: string; scores: readonly Score[] }) {
  if (scores.length === 0)
    return (
      <div className="sb-card">
        <Empty icon={Gauge} title="No score yet">
          A score that is about them shows here with its history.
        </Empty>
      </div>
    )
  return scores.map((score) => <ScorePanel key={score.slug} id={id} score={score} />)
}

function ScorePanel({ id, score }: { id: string; score: Score }) {
  const history = useQuery(trpc.scores.history.queryOptions({ slug: score.slug, subject: id }))
  if (history.isError) return <ProblemPanel error={history.error} retry={() => void history.refetch()} />
  if (!history.isSuccess) return <ListSkeleton rows={2} height={120} />
  const { name, bands, subject, value, band, stage, change30Days, parts, points } = history.data
  return (
    <section className="sb-card sb-score" aria-label={name}>
      <div className="sb-score-head">
        <h3>{name}</h3>
        <span className="sb-score-number">{value === null ? '–' : Math.round(value)}</span>
        <BandName bands={bands} name={band} />
        {stage !== null && <span className="sb-chip">{stage}</span>}
        {change30Days !== null && (
          <Text size="xs" c="dimmed" component="span">
            {change30Days >= 0 ? '+' : '−'}
            {Math.abs(Math.round(change30Days))} in 30 days
          </Text>
        )}
      </div>
      <ScoreChart points={points} bands={bands} label={`${name} of ${subject.label}`} height={180} />
      {parts.map((part) => (
        <details key={part.name} className="sb-part">
          <summary>
            <span>{part.name}</span>
            <span className="sb-bar" aria-hidden="true">
              <span style={{ width: `${Math.round((part.marks ?? 0) * 100)}%` }} />
            </span>
            <span className="sb-part-marks">
              {part.marks === null ? 'left out' : `${Math.round(part.marks * 100)}%`} · weight {part.weight}
            </span>
          </summary>
          <TraceView trace={part.why} />
        </details>
      ))}
    </section>
  )
}
