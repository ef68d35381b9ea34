import { describe } from '../../../engine/rules/explain.ts'
import { describeMeasure } from '../../../engine/scores/describe.ts'
import type { ScoreView } from '../api/types.ts'
import './score-makeup.css'

/** What a score is made of, a line a part; its bands with where they begin, and what the stages hang on. */
export function ScoreMakeup({ definition }: { definition: ScoreView['definition'] }) {
  const { parts, bands, stages } = definition
  const total = parts.reduce((sum, { weight }) => sum + weight, 0)
  return (
    <dl className="sb-makeup">
      {parts.map((part) => (
        <Line key={part.name} lead={`${Math.round((100 * part.weight) / total)}%`} name={part.name}>
          {'measure' in part ? describeMeasure(part.measure) : describe(part.rule)}
        </Line>
      ))}
      <Line name="Bands">{bands.map(({ name, from }) => `${name} from ${from}`).join(', ')}</Line>
      {stages.map(({ name, rule }) => (
        <Line key={name} lead="Stage" name={name}>
          {describe(rule)}
        </Line>
      ))}
    </dl>
  )
}

function Line({ lead, name, children }: { lead?: string; name: string; children: string }) {
  return (
    <div>
      <dt>
        {lead !== undefined && <span>{lead} </span>}
        {name}
      </dt>
      <dd>{children}</dd>
    </div>
  )
}
