import { Button, Group, NumberInput, Progress, Select, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { History } from 'lucide-react'
import { type FormEvent, useEffect, useMemo, useState } from 'react'
import { documentDigest } from '../../../engine/model/document-digest.ts'
import { trpc } from '../api/client.ts'
import type { BacktestView } from '../api/types.ts'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'
import { fullTime } from '../ui/time.tsx'
import { BacktestResultView } from './backtest-result.tsx'
import { shownOfBacktest } from './backtest-shown.ts'
import { useDraft } from './store.ts'
import type { TrialShown } from './use-marks.ts'

const POLL_MS = 700
const FIRST_DAYS = 30

/** What the draft would have done over the stored events of the last days, drawn on the canvas beside what is published. */
export function BacktestPanel({ slug, onShown }: { slug: string; onShown: (shown: TrialShown | null) => void }) {
  const document = useDraft()
  const queries = useQueryClient()
  const [days, setDays] = useState<number | string>(FIRST_DAYS)
  const [chosen, setChosen] = useState<string | null>(null)
  const kept = useQuery(trpc.backtests.list.queryOptions({ slug }))
  const id = chosen ?? kept.data?.data[0]?.id ?? null
  const shown = useBacktest(slug, id)
  const ask = useMutation(
    trpc.backtests.ask.mutationOptions({
      onSuccess: async (answer) => {
        setChosen(answer.id)
        await queries.invalidateQueries({ queryKey: trpc.backtests.list.queryKey({ slug }) })
      },
    }),
  )
  const digest = useMemo(() => documentDigest(document), [document])
  const result = shown.data?.result ?? null
  const isOld = shown.data !== undefined && shown.data.digest !== digest
  // Any edit takes what is drawn off the canvas; where it changed nothing that a run does, it is drawn anew.
  useEffect(() => onShown(result === null || isOld ? null : shownOfBacktest(result)), [result, isOld, onShown])
  const whole = typeof days === 'number' && Number.isInteger(days) && days >= 1
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (whole) ask.mutate({ slug, days, document })
  }
  const running = shown.data !== undefined && isOpen(shown.data)
  return (
    <div className="sb-side-body">
      <Text size="sm" c="dimmed">
        Plays the stored events of the last days through the draft, with a clock of their own. Nothing is written
        anywhere; actions answer with their kept samples.
      </Text>
      <form onSubmit={submit}>
        <Group align="end" wrap="nowrap">
          <NumberInput
            label="Days"
            min={1}
            allowDecimal={false}
            value={days}
            onChange={setDays}
            error={whole ? undefined : 'Write a whole number of days, 1 or more.'}
            style={{ flex: 1 }}
          />
          <Button
            type="submit"
            leftSection={<History size={16} aria-hidden="true" />}
            loading={ask.isPending}
            disabled={!whole || running}
          >
            Start
          </Button>
        </Group>
      </form>
      {ask.isError && <ProblemPanel error={ask.error} />}
      {kept.isError && <ProblemPanel error={kept.error} retry={() => void kept.refetch()} />}
      {kept.data !== undefined && kept.data.data.length > 1 && (
        <Select
          label="Shown"
          size="xs"
          allowDeselect={false}
          data={kept.data.data.map((one) => ({ value: one.id, label: `${fullTime(one.askedAt)}, ${daysOf(one)}` }))}
          value={id}
          onChange={setChosen}
        />
      )}
      {kept.data?.data.length === 0 && id === null && (
        <Text size="sm">
          There was no backtest of this playbook yet. Start one to see how many would have entered, where they would
          have gone, and what would have been written.
        </Text>
      )}
      {shown.isError && <ProblemPanel error={shown.error} retry={() => void shown.refetch()} />}
      {shown.data !== undefined && <Shown slug={slug} backtest={shown.data} isOld={isOld} />}
    </div>
  )
}

const isOpen = ({ status }: Pick<BacktestView, 'status'>): boolean => status === 'waiting' || status === 'running'

function daysOf({ from, until }: Pick<BacktestView, 'from' | 'until'>): string {
  const days = Math.round((Date.parse(until) - Date.parse(from)) / 86_400_000)
  return days === 1 ? '1 day' : `${days} days`
}

function useBacktest(slug: string, id: string | null) {
  return useQuery({
    ...trpc.backtests.get.queryOptions({ slug, id: id ?? '' }),
    enabled: id !== null,
    refetchInterval: ({ state }) => (state.data !== undefined && !isOpen(state.data) ? false : POLL_MS),
  })
}

function Shown({ slug, backtest, isOld }: { slug: string; backtest: BacktestView; isOld: boolean }) {
  const queries = useQueryClient()
  const { id, status, progress, fault, result } = backtest
  const cancel = useMutation(
    trpc.backtests.cancel.mutationOptions({
      onSettled: () => queries.invalidateQueries({ queryKey: trpc.backtests.get.queryKey({ slug, id }) }),
    }),
  )
  if (isOpen(backtest))
    return (
      <Stack gap="xs" role="status">
        <Text size="sm">
          {status === 'waiting' ? 'Waiting for a worker…' : `Playing the last ${daysOf(backtest)}…`}
        </Text>
        <Progress value={progress * 100} aria-label="How far the backtest is" animated />
        <Button
          variant="default"
          size="xs"
          loading={cancel.isPending}
          onClick={() => cancel.mutate({ slug, id })}
          style={{ alignSelf: 'start' }}
        >
          Cancel
        </Button>
        {cancel.isError && <ProblemPanel error={cancel.error} />}
      </Stack>
    )
  if (status === 'failed')
    return (
      <Notice tone="bad" title="The backtest came to no end">
        <Text size="sm">{fault}</Text>
      </Notice>
    )
  if (status === 'cancelled') return <Text size="sm">This backtest was cancelled.</Text>
  return (
    <>
      {isOld && (
        <Notice tone="warn" title="Of an older draft">
          <Text size="sm">
            The draft was changed since: these are the numbers of what it was, and they are not drawn on the canvas.
            Start another one for what it is.
          </Text>
        </Notice>
      )}
      {result !== null && <BacktestResultView result={result} days={daysOf(backtest)} isOld={isOld} />}
    </>
  )
}
