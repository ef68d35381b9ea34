import { Input, NumberInput, Select, Stack, Switch, Text, TextInput } from '@mantine/core'
import type { Concurrency, Enrollment, Reentry } from '../../../engine/model/playbook.ts'
import { ENTRY_KEY_PATTERN, MOST_IN_LINE, MOST_PER_MINUTE } from '../../../engine/model/playbook-limits.ts'
import { ExistingMembers } from './existing-members.tsx'

const POLICIES: Array<{ value: Reentry['policy']; label: string }> = [
  { value: 'every', label: 'Every time a trigger fires' },
  { value: 'once', label: 'Once, ever' },
  { value: 'once_per', label: 'At most once in some days' },
]

/** Left out, it follows from how often one may enter. */
type Beside = Concurrency['policy'] | 'default'

interface EntryProps {
  enrollment: Enrollment
  /** @param group changes of one group are undone together */
  set: (change: { [key in keyof Enrollment]?: Enrollment[key] | undefined }, group: string) => void
}

/** Who may enter: how often, beside an open run, who is there already, and the holdout group. */
export function EntrySettings({ enrollment, set }: EntryProps) {
  const { reentry, holdout } = enrollment
  return (
    <>
      <ReentryField reentry={reentry} onChange={(next) => set({ reentry: next }, 'reentry')} />
      <ConcurrencyField enrollment={enrollment} set={set} />
      <ExistingField enrollment={enrollment} set={set} />
      <Switch
        label="The holdout group stays out"
        description="A share of everybody, drawn under Reaching people, who enter no playbook that respects it."
        checked={holdout !== 'ignore'}
        onChange={(event) => set({ holdout: event.currentTarget.checked ? undefined : 'ignore' }, 'holdout')}
      />
    </>
  )
}

function ReentryField({ reentry, onChange }: { reentry: Reentry; onChange: (reentry: Reentry) => void }) {
  const { key } = reentry
  const keyed = key === undefined ? {} : { key }
  return (
    <Stack gap={6}>
      <Select
        label="The same person or company may enter"
        data={POLICIES}
        allowDeselect={false}
        value={reentry.policy}
        onChange={(policy) => {
          if (policy === 'once_per') onChange({ policy, days: 30, ...keyed })
          else if (policy !== null) onChange({ policy, ...keyed })
        }}
      />
      {reentry.policy === 'once_per' && (
        <NumberInput
          label="Days between two entries"
          min={1}
          max={3650}
          allowDecimal={false}
          value={reentry.days}
          onChange={(days) => typeof days === 'number' && onChange({ ...reentry, days })}
        />
      )}
      <TextInput
        label="For each value of"
        description="A property of the event, such as trigger.properties.orderId: two orders are two runs. Left empty: for each person or company."
        placeholder="trigger.properties.orderId"
        value={key ?? ''}
        error={
          key !== undefined && !ENTRY_KEY_PATTERN.test(key) && 'Begin with trigger., as in trigger.properties.orderId.'
        }
        onChange={(event) => {
          const value = event.currentTarget.value.trim()
          const { key: _old, ...rest } = reentry
          onChange(value === '' ? rest : { ...rest, key: value })
        }}
      />
    </Stack>
  )
}

function ConcurrencyField({ enrollment, set }: EntryProps) {
  const { concurrency, reentry } = enrollment
  const choose = (policy: Beside) =>
    set(
      {
        concurrency: policy === 'default' ? undefined : policy === 'queue' ? { policy, most: 20 } : { policy },
      },
      'concurrency',
    )
  const choices: Array<{ value: Beside; label: string }> = [
    {
      value: 'default',
      label: reentry.policy === 'every' ? 'Both go on together' : 'It is not let in',
    },
    ...(reentry.policy === 'every' ? [] : [{ value: 'together' as const, label: 'Both go on together' }]),
    { value: 'queue', label: 'It waits for its turn' },
    { value: 'replace', label: 'It takes the place of the open run' },
    { value: 'newest', label: 'Only the newest waits for its turn' },
  ]
  return (
    <Stack gap={6}>
      <Select
        label={reentry.key === undefined ? 'While a run of theirs is open' : 'While a run of the same value is open'}
        data={choices}
        allowDeselect={false}
        // What is left out is said by what it means.
        value={
          concurrency?.policy === 'together' && reentry.policy === 'every'
            ? 'default'
            : (concurrency?.policy ?? 'default')
        }
        onChange={(policy) => choose((policy ?? 'default') as Beside)}
        description={WORDS[concurrency?.policy ?? 'default']}
      />
      {concurrency?.policy === 'queue' && (
        <NumberInput
          label="At most so many wait"
          min={1}
          max={MOST_IN_LINE}
          allowDecimal={false}
          value={concurrency.most}
          onChange={(most) =>
            typeof most === 'number' && set({ concurrency: { policy: 'queue', most } }, 'concurrency')
          }
        />
      )}
    </Stack>
  )
}

const WORDS: { [policy in Beside]?: string } = {
  queue: 'The next begins when the open one has ended, in the order in which they came.',
  replace: 'The open run exits with the reason “replaced”, and then the new one begins.',
  newest: 'One waits at the most: a newer one takes its place.',
}

function ExistingField({ enrollment, set }: EntryProps) {
  const { existing } = enrollment
  const admits = existing?.policy === 'admit'
  return (
    <Input.Wrapper
      label="Who is in already"
      labelElement="div"
      description="Members of the segment, or those for whom the signal is set, when a version is published."
    >
      <Stack gap={6} mt={6}>
        <Switch
          label="They enter too, little by little"
          checked={admits}
          onChange={(event) =>
            set({ existing: event.currentTarget.checked ? { policy: 'admit', perMinute: 100 } : undefined }, 'existing')
          }
        />
        {admits && (
          <NumberInput
            label="So many in a minute"
            min={1}
            max={MOST_PER_MINUTE}
            allowDecimal={false}
            thousandSeparator=","
            value={existing.perMinute}
            onChange={(perMinute) =>
              typeof perMinute === 'number' && set({ existing: { policy: 'admit', perMinute } }, 'existing')
            }
          />
        )}
        <ExistingMembers shows="progress" />
        {!admits && (
          <Text size="xs" c="dimmed">
            Off: a run begins for those alone who come in from then on.
          </Text>
        )}
      </Stack>
    </Input.Wrapper>
  )
}
