import { Stack, Table, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { findStep } from '../../../nodes/manifest.ts'
import type { BacktestResult } from '../api/types.ts'
import { labelOf } from '../canvas/step-summary.ts'
import { stepOf } from '../document/graph.ts'
import { Notice } from '../ui/problem-panel.tsx'
import { fullTime, spanWords } from '../ui/time.tsx'
import { counted, difference, liveSteps } from './backtest-shown.ts'
import { endedWords, notEnteredWords } from './backtest-words.ts'
import { useCatalog } from './catalog-context.ts'
import { useDraft, useEditorStore } from './store.ts'

/** Numbers of the draft, beside those of what is published over the same events, and what really was. */
export function BacktestResultView(props: { result: BacktestResult; days: string; isOld: boolean }) {
  const { result, days, isOld } = props
  const { draft, live, isLive } = result
  return (
    <Stack gap="md" role="region" aria-label="Result of the backtest">
      {draft.entered === 0 && <NobodyEntered result={result} days={days} />}
      {live !== null && 'refused' in live && (
        <Notice tone="warn" title={`Version ${live.version} cannot be played`}>
          <Text size="sm">{live.refused}</Text>
        </Notice>
      )}
      {isLive && (
        <Text size="sm" c="dimmed">
          {isOld
            ? 'That draft was what was published then, so there is nothing to compare it with.'
            : 'The draft is what is published, so there is nothing to compare it with.'}
        </Text>
      )}
      <Numbers result={result} />
      <Steps result={result} />
      <Sample result={result} />
      <Text size="xs" c="dimmed">
        What is stored of {days} was played in {spanWords(result.tookMs)}
        {draft.events > 0 && `, ${counted(draft.events)} events that concern it among it`}.
      </Text>
    </Stack>
  )
}

function NobodyEntered({ result: { draft }, days }: { result: BacktestResult; days: string }) {
  return (
    <Notice tone="warn" title="Nobody would have entered">
      <Text size="sm">
        {draft.unheard.length > 0 && draft.events === 0
          ? 'Webhooks, schedules and starts by hand are not stored, so a backtest cannot begin by them. Try one record with a dry run.'
          : `Nothing in the last ${days} would have started it. Look at its trigger, or play more days.`}
      </Text>
    </Notice>
  )
}

const STATUSES = [
  ['completed', 'Completed'],
  ['exited', 'Exited'],
  ['failed', 'Failed'],
  ['open', 'Still open at the end'],
] as const

function Numbers({ result: { draft, live, real } }: { result: BacktestResult }) {
  const found = live !== null && 'found' in live ? live.found : null
  const refusals = [
    ...new Set([
      ...Object.keys(draft.refused),
      ...Object.keys(found?.refused ?? {}),
      ...Object.keys(real?.refused ?? {}),
    ]),
  ].sort()
  const realOpen = Object.entries(real?.statuses ?? {}).reduce(
    (sum, [status, n]) => (['completed', 'exited', 'failed', 'cancelled'].includes(status) ? sum : sum + n),
    0,
  )
  const rows: Array<{ label: string; draft: number; live: number | undefined; real: number | undefined }> = [
    { label: 'Entered', draft: draft.entered, live: found?.entered, real: real?.entered },
    ...STATUSES.map(([status, label]) => ({
      label,
      draft: draft.statuses[status],
      live: found?.statuses[status],
      real: real === null ? undefined : status === 'open' ? realOpen : (real.statuses[status] ?? 0),
    })),
    ...refusals.map((code) => ({
      label: notEnteredWords(code),
      draft: at(draft.refused, code),
      live: found === null ? undefined : at(found.refused, code),
      real: real === null ? undefined : at(real.refused, code),
    })),
  ]
  return (
    <Table aria-label="Numbers of the backtest" verticalSpacing={4} fz="sm">
      <Table.Thead>
        <Table.Tr>
          <Table.Th />
          <Table.Th ta="right">Draft</Table.Th>
          {found !== null && <Table.Th ta="right">v{live?.version}</Table.Th>}
          {real !== null && <Table.Th ta="right">Really</Table.Th>}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows
          .filter((row) => row.draft + (row.live ?? 0) + (row.real ?? 0) > 0 || row.label === 'Entered')
          .map((row) => (
            <Table.Tr key={row.label}>
              <Table.Th scope="row" fw={400}>
                {row.label}
              </Table.Th>
              <Table.Td ta="right">
                {counted(row.draft)} <Change now={row.draft} before={row.live} />
              </Table.Td>
              {found !== null && <Table.Td ta="right">{counted(row.live ?? 0)}</Table.Td>}
              {real !== null && <Table.Td ta="right">{counted(row.real ?? 0)}</Table.Td>}
            </Table.Tr>
          ))}
        <Durations draft={draft} live={found} hasReal={real !== null} />
      </Table.Tbody>
    </Table>
  )
}

const at = (counts: { [code: string]: number | undefined }, code: string): number =>
  Object.hasOwn(counts, code) ? (counts[code] ?? 0) : 0

type Found = BacktestResult['draft']

function Durations({ draft, live, hasReal }: { draft: Found; live: Found | null; hasReal: boolean }) {
  if (draft.durations === null) return null
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        Half took no longer than
      </Table.Th>
      <Table.Td ta="right">{spanWords(draft.durations.median)}</Table.Td>
      {live !== null && (
        <Table.Td ta="right">{live.durations === null ? '' : spanWords(live.durations.median)}</Table.Td>
      )}
      {hasReal && <Table.Td />}
    </Table.Tr>
  )
}

function Change({ now, before }: { now: number; before: number | undefined }) {
  const more = difference(now, before)
  return more === '' ? null : (
    <Text span size="xs" c="dimmed">
      ({more})
    </Text>
  )
}

function Steps({ result }: { result: BacktestResult }) {
  const document = useDraft()
  const { manifest } = useCatalog()
  const { getState } = useEditorStore()
  const live = liveSteps(result)
  return (
    <Table aria-label="Steps of the backtest" verticalSpacing={4} fz="sm">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Step</Table.Th>
          <Table.Th ta="right">Came</Table.Th>
          <Table.Th ta="right">Wrote</Table.Th>
          <Table.Th ta="right">Failed</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {result.draft.steps.map((step) => {
          const drawn = stepOf(document, step.step)
          return (
            <Table.Tr key={step.step}>
              <Table.Td>
                <button
                  type="button"
                  className="sb-timeline-step"
                  style={{ textAlign: 'left' }}
                  onClick={() => getState().jumpTo(step.step, null)}
                  disabled={drawn === undefined}
                >
                  {drawn === undefined ? step.label : labelOf(drawn, findStep(manifest, step.type))}
                </button>
                {step.assumed && (
                  <Text size="xs" c="dimmed">
                    assumed: goes by kept samples or answers
                  </Text>
                )}
              </Table.Td>
              <Table.Td ta="right">
                {counted(step.reached)} <Change now={step.reached} before={live.get(step.step)?.reached} />
              </Table.Td>
              <Table.Td ta="right">{step.written === 0 ? '' : counted(step.written)}</Table.Td>
              <Table.Td ta="right">{step.failed === 0 ? '' : counted(step.failed)}</Table.Td>
            </Table.Tr>
          )
        })}
      </Table.Tbody>
    </Table>
  )
}

function Sample({ result: { draft } }: { result: BacktestResult }) {
  const { subject } = useDraft()
  if (draft.sample.length === 0) return null
  return (
    <section aria-label="Some of the runs">
      <Title order={3} mb={4}>
        Some of them
      </Title>
      <Stack gap={4}>
        {draft.sample.map((run) => (
          <Text size="sm" key={`${run.subjectId} ${run.enteredAt}`}>
            <Link
              to={subject === 'contact' ? '/contacts/$id' : '/accounts/$id'}
              params={{ id: run.subjectId }}
              className="sb-row-link"
            >
              The {subject} that entered {fullTime(run.enteredAt)}
            </Link>
            <Text span c="dimmed">
              {' '}
              {endedWords(run)}
            </Text>
          </Text>
        ))}
      </Stack>
    </section>
  )
}
