import type { SignalRule } from '../../../../engine/model/rule.ts'
import type { ConditionKind, Part } from '../condition-kind.ts'
import { Choice } from '../inputs/choice.tsx'
import { SlugInput } from '../inputs/slug-input.tsx'

function Body({ rule, onChange, world }: Part<SignalRule>) {
  return (
    <>
      <SlugInput
        what="signal"
        list={world.signals}
        value={rule.signal}
        onChange={(signal) => onChange({ ...rule, signal })}
      />
      <Choice
        label="Is"
        width={104}
        data={[
          { value: 'set', label: 'is set' },
          { value: 'cleared', label: 'is not set' },
        ]}
        value={rule.is}
        onChange={(is) => onChange({ ...rule, is })}
      />
    </>
  )
}

/** Whether a signal is set for somebody. */
export const signalCondition: ConditionKind<SignalRule> = {
  label: 'Signal',
  fresh: () => ({ signal: '', is: 'set' }),
  Body,
}
