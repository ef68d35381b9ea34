import type { SegmentRule } from '../../../../engine/model/rule.ts'
import type { ConditionKind, Part } from '../condition-kind.ts'
import { Choice } from '../inputs/choice.tsx'
import { SlugInput } from '../inputs/slug-input.tsx'

function Body({ rule, onChange, world }: Part<SegmentRule>) {
  return (
    <>
      <Choice
        label="Is"
        width={128}
        data={[
          { value: 'in', label: 'is a member of' },
          { value: 'out', label: 'is no member of' },
        ]}
        value={rule.is}
        onChange={(is) => onChange({ ...rule, is })}
      />
      <SlugInput
        what="segment"
        list={world.segments}
        value={rule.segment}
        onChange={(segment) => onChange({ ...rule, segment })}
      />
    </>
  )
}

/** Whether somebody is in a segment. */
export const segmentCondition: ConditionKind<SegmentRule> = {
  label: 'Segment',
  fresh: () => ({ segment: '', is: 'in' }),
  Body,
}
