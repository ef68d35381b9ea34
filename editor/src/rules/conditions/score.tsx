import type { ScoreRule } from '../../../../engine/model/rule.ts'
import { SCORE_OPS } from '../../../../engine/rules/check.ts'
import type { ConditionKind, Part } from '../condition-kind.ts'
import { Choice } from '../inputs/choice.tsx'
import { SlugInput } from '../inputs/slug-input.tsx'
import { TestInput } from '../inputs/test-input.tsx'
import { withOp } from '../test-model.ts'

type Of = NonNullable<ScoreRule['of']>

/** About another part of the score: a number has other comparisons than a name. */
function about(rule: ScoreRule, of: Of, zone: string): ScoreRule {
  const { of: before = 'value', ...rest } = rule
  if (of === before) return rule
  const turned: ScoreRule = of === 'value' ? rest : { ...rest, of }
  // Names of bands are no stages, so that the value begins anew.
  const { value: _, ...bare } = turned
  return of === 'value' ? withOp(bare, 'lt', { type: 'number', zone }) : withOp(bare, 'eq', { type: 'text', zone })
}

function Body({ rule, onChange, world }: Part<ScoreRule>) {
  const { of = 'value' } = rule
  const score = world.scores.find(({ slug }) => slug === rule.score)
  const names = of === 'band' ? score?.bands : of === 'stage' ? score?.stages : undefined
  return (
    <>
      <SlugInput
        what="score"
        list={world.scores}
        value={rule.score}
        onChange={(slug) => onChange({ ...rule, score: slug })}
      />
      <Choice<Of>
        label="What of it"
        width={104}
        data={[
          { value: 'value', label: 'its number' },
          { value: 'band', label: 'its band' },
          { value: 'stage', label: 'its stage' },
        ]}
        value={of}
        onChange={(next) => onChange(about(rule, next, world.timeZone))}
      />
      <TestInput
        test={rule}
        onChange={onChange}
        type={of === 'value' ? 'number' : 'text'}
        ops={of === 'value' ? SCORE_OPS.number : SCORE_OPS.name}
        zone={world.timeZone}
        {...(names !== undefined && { options: names })}
      />
    </>
  )
}

/** A score's number, band or stage. */
export const scoreCondition: ConditionKind<ScoreRule> = {
  label: 'Score',
  fresh: () => ({ score: '', op: 'lt', value: 50 }),
  Body,
}
