import { Input, Select, Stack, Switch } from '@mantine/core'
import { useState } from 'react'
import { type DocumentStep, MOST_ATTEMPTS, type StepRetry } from '../../../engine/model/playbook.ts'
import { setRetry } from '../document/edit.ts'
import { useEditorStore } from '../playbook/store.ts'
import { DurationInput } from './duration-input.tsx'
import { NumberBetween } from './number-between.tsx'

const HOW = [
  { value: 'default', label: 'As long as it may help' },
  { value: 'limited', label: 'Within limits' },
  { value: 'never', label: 'Not at all' },
]
const BACKOFF: NonNullable<StepRetry['backoff']> = { initial: 'PT30S', coefficient: 2, maximum: 'PT10M' }

const howOf = (retry: StepRetry | undefined): string => {
  if (retry === undefined) return 'default'
  return retry.attempts === 1 && retry.within === undefined ? 'never' : 'limited'
}

/** How often and how long an action's failed attempts are repeated. */
export function RetryField({ step }: { step: DocumentStep }) {
  const { getState } = useEditorStore()
  const { retry } = step
  // One attempt within no time is no repeat; on the way to other limits it is those.
  const [limited, setLimited] = useState(howOf(retry) === 'limited')
  const how = retry !== undefined && limited ? 'limited' : howOf(retry)
  const set = (next: StepRetry | undefined) =>
    getState().change((draft) => setRetry(draft, step.id, next), `${step.id}.retry`)
  return (
    <Stack gap="xs" data-field="retry">
      <Select
        label="If an attempt fails, repeat it"
        description="Only where a repeat may help: what a person has to mend is never repeated, and what may have landed is looked up first."
        data={HOW}
        allowDeselect={false}
        value={how}
        onChange={(next) => {
          setLimited(next === 'limited')
          set(next === 'limited' ? { attempts: 5, within: 'PT1H' } : next === 'never' ? { attempts: 1 } : undefined)
        }}
      />
      {retry !== undefined && how === 'limited' && <Limits retry={retry} onChange={set} />}
    </Stack>
  )
}

function Limits({ retry, onChange }: { retry: StepRetry; onChange: (retry: StepRetry) => void }) {
  const { backoff } = retry
  return (
    <>
      <NumberBetween
        label="Attempts at most"
        description="The first included; being turned away for a limit is none."
        limits={{ min: 1, max: MOST_ATTEMPTS, whole: true }}
        value={retry.attempts}
        onChange={(attempts) => onChange({ ...retry, attempts })}
      />
      <Input.Wrapper
        labelElement="div"
        label="Within"
        description="From the first attempt. Empty: no end but that of the attempts."
      >
        <DurationInput
          aria-label="Within"
          value={retry.within}
          onChange={(within) => {
            const { within: _old, ...rest } = retry
            onChange(within === undefined ? rest : { ...rest, within })
          }}
        />
      </Input.Wrapper>
      <Switch
        label="Choose the time between attempts"
        description="Otherwise 1 second, doubled each time, up to 5 minutes."
        checked={backoff !== undefined}
        onChange={(event) => {
          const { backoff: _old, ...rest } = retry
          onChange(event.currentTarget.checked ? { ...rest, backoff: BACKOFF } : rest)
        }}
      />
      {backoff !== undefined && (
        <>
          <Input.Wrapper labelElement="div" label="First">
            <DurationInput
              aria-label="First"
              value={backoff.initial}
              onChange={(initial = '') => onChange({ ...retry, backoff: { ...backoff, initial } })}
            />
          </Input.Wrapper>
          <NumberBetween
            label="Each time longer by the factor"
            limits={{ min: 1, max: 10, whole: false }}
            value={backoff.coefficient}
            onChange={(coefficient) => onChange({ ...retry, backoff: { ...backoff, coefficient } })}
          />
          <Input.Wrapper labelElement="div" label="Longest">
            <DurationInput
              aria-label="Longest"
              value={backoff.maximum}
              onChange={(maximum = '') => onChange({ ...retry, backoff: { ...backoff, maximum } })}
            />
          </Input.Wrapper>
        </>
      )}
    </>
  )
}
