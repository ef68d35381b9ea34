import { Alert, Button, Group, NumberInput, Stack, Table, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { ErasureSummary, Retention } from '../api/types.ts'
import { counted } from '../ui/counted.ts'
import { Empty } from '../ui/empty.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { failed, said } from '../ui/toast.ts'
import { LooksFurther } from './looks-further.tsx'

/** So much is counted; more is only known to be more. */
const COUNTED = 100_000
const LONGEST_DAYS = 3_650
const LOOK_AGAIN_MS = 2_000

/** How long the workspace keeps what, and who was deleted. */
export function PrivacyPage() {
  const session = useQuery(trpc.session.me.queryOptions())
  const retention = useQuery(trpc.privacy.retention.queryOptions())
  const isOwner = session.data?.role === 'owner'
  return (
    <Page title="Privacy" lead="How long events and runs are kept, and deletions of people.">
      <Stack gap="xl">
        <section aria-label="How long things are kept">
          <Title order={2} mb="sm">
            How long things are kept
          </Title>
          {retention.isPending && <ListSkeleton rows={2} />}
          {retention.isError && <ProblemPanel error={retention.error} retry={() => void retention.refetch()} />}
          {retention.isSuccess && <RetentionForm kept={retention.data} isOwner={isOwner} />}
        </section>
        {isOwner && <Erasures />}
      </Stack>
    </Page>
  )
}

function RetentionForm({ kept, isOwner }: { kept: Retention; isOwner: boolean }) {
  const client = useQueryClient()
  const [days, setDays] = useState({ keepEventsDays: kept.keepEventsDays, keepRunsDays: kept.keepRunsDays })
  const changed = days.keepEventsDays !== kept.keepEventsDays || days.keepRunsDays !== kept.keepRunsDays
  const fits = Object.values(days).every((one) => Number.isInteger(one) && one >= 1 && one <= LONGEST_DAYS)
  const preview = useQuery(trpc.privacy.previewRetention.queryOptions(days, { enabled: changed && fits }))
  const save = useMutation(
    trpc.privacy.changeRetention.mutationOptions({
      onSuccess: async () => {
        said('Saved. The next sweep goes by it.')
        await client.invalidateQueries({ queryKey: trpc.privacy.pathKey() })
      },
      onError: failed,
    }),
  )
  const shown = changed ? preview.data : kept
  const input = (field: keyof typeof days, label: string, description: string) => (
    <NumberInput
      label={label}
      description={description}
      suffix=" days"
      min={1}
      max={LONGEST_DAYS}
      allowDecimal={false}
      disabled={!isOwner}
      w={260}
      value={days[field]}
      onChange={(value) => setDays({ ...days, [field]: Number(value) })}
    />
  )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(days)
      }}
    >
      <Stack>
        <Group align="flex-start" gap="lg">
          {input('keepEventsDays', 'Events', 'From when they occurred')}
          {input('keepRunsDays', 'Runs', 'From when they ended')}
        </Group>
        <div aria-live="polite">
          {shown !== undefined && <WhatGoes next={shown.next} changed={changed} />}
          {shown !== undefined && <LooksFurther retention={shown} />}
          {!fits && <Text c="red">Write whole days from 1 to {LONGEST_DAYS.toLocaleString('en')}.</Text>}
        </div>
        {isOwner ? (
          <Group>
            {/* Only once it is said what will go. */}
            <Button type="submit" disabled={!changed || !fits || !preview.isSuccess} loading={save.isPending}>
              Save
            </Button>
          </Group>
        ) : (
          <Text size="sm" c="dimmed">
            Only an owner changes this.
          </Text>
        )}
      </Stack>
    </form>
  )
}

function WhatGoes({ next, changed }: { next: Retention['next']; changed: boolean }) {
  const count = (n: number): string => `${n >= COUNTED ? 'more than ' : ''}${n.toLocaleString('en')}`
  const none = next.events + next.runs === 0
  const words = none
    ? 'Nothing is old enough to be deleted yet. What is old enough goes once a day.'
    : `The next daily sweep deletes ${count(next.events)} events and ${count(next.runs)} runs.`
  if (!changed || none)
    return (
      <Text size="sm" c="dimmed">
        {words}
      </Text>
    )
  return (
    <Alert color="red" variant="light">
      {words} Nothing brings them back.
    </Alert>
  )
}

function Erasures() {
  const erasures = useQuery(
    trpc.privacy.erasures.queryOptions(undefined, {
      refetchInterval: (query) =>
        query.state.data?.data.some(({ status }) => status === 'running') === true ? LOOK_AGAIN_MS : false,
    }),
  )
  const rows = erasures.data?.data ?? []
  return (
    <section aria-label="Deletions of people">
      <Title order={2}>Deletions of people</Title>
      <Text size="sm" c="dimmed" mb="sm">
        Who they were is not kept; that it was done, by whom, and how much went is.
      </Text>
      {erasures.isPending && <ListSkeleton rows={2} />}
      {erasures.isError && <ProblemPanel error={erasures.error} retry={() => void erasures.refetch()} />}
      {erasures.isSuccess && rows.length === 0 && (
        <div className="sb-card">
          <Empty icon={ShieldCheck} title="Nobody was deleted yet">
            Open a contact and choose Actions, Delete person. What a deletion took, and when, stands here.
          </Empty>
        </div>
      )}
      {rows.length > 0 && (
        <div className="sb-card sb-scroll-x">
          <Table aria-label="Deletions of people">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Asked for</Table.Th>
                <Table.Th>By</Table.Th>
                <Table.Th>How far</Table.Th>
                <Table.Th>What went</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <ErasureRow key={row.id} row={row} />
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </section>
  )
}

function ErasureRow({ row }: { row: ErasureSummary }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Ago when={row.requestedAt} />
      </Table.Td>
      <Table.Td>{row.requestedBy}</Table.Td>
      <Table.Td>
        <StatusBadge
          status={row.status}
          words={row.status === 'done' ? 'Done' : row.part === 'end' ? 'Ending runs' : `At work: ${row.part}`}
        />
        {row.fault !== null && (
          <Text size="xs" c="red">
            Tries again: {row.fault}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm">{wentWords(row.counts)}</Text>
        {row.suppress && (
          <Text size="xs" c="dimmed">
            What is sent about them is refused.
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  )
}

/** `21 records, among them 3 events and 2 runs (1 was open); 2 keys destroyed`. */
function wentWords(counts: ErasureSummary['counts']): string {
  const { events = 0, runs = 0, runsEnded = 0, keysDestroyed = 0, suppressed = 0 } = counts
  // An end is nothing that went, a destroyed key is told by itself, and a hash is kept.
  const whole = Object.values(counts).reduce((sum, n) => sum + n, 0) - runsEnded - keysDestroyed - suppressed
  const told = [
    ...(events > 0 ? [counted(events, 'event')] : []),
    ...(runs > 0 ? [`${counted(runs, 'run')}${runsEnded > 0 ? ` (${runsEnded} ended for it)` : ''}`] : []),
  ]
  const among = told.length > 0 ? `, among them ${told.join(' and ')}` : ''
  return `${counted(whole, 'record')}${among}${keysDestroyed > 0 ? `; ${counted(keysDestroyed, 'key')} destroyed` : ''}`
}
