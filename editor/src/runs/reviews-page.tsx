import { Button, Group, JsonInput, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Inbox } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { Review } from '../api/types.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { Empty } from '../ui/empty.tsx'
import { JsonView } from '../ui/json-view.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { parseJson } from '../ui/parse-json.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago } from '../ui/time.tsx'
import { failed, said } from '../ui/toast.ts'

/** Writes whose outcome nobody knows: a person looks, and says. */
export function ReviewsPage() {
  const reviews = useQuery({ ...trpc.reviews.list.queryOptions(), refetchInterval: 10_000 })
  const rows = reviews.data?.data ?? []
  return (
    <Page
      title="Reviews"
      lead="Writes whose answer was lost. Signalbox never repeats one of these by itself: look in the other system, then say what happened."
    >
      {reviews.isPending && <ListSkeleton rows={2} height={120} />}
      {reviews.isError && <ProblemPanel error={reviews.error} retry={() => void reviews.refetch()} />}
      {reviews.isSuccess && rows.length === 0 && (
        <div className="sb-card">
          <Empty icon={Inbox} title="Nothing to review">
            Every write is accounted for.
          </Empty>
        </div>
      )}
      <Stack>
        {rows.map((row) => (
          <ReviewCard key={row.key} row={row} />
        ))}
      </Stack>
    </Page>
  )
}

/** What follows when somebody has said what happened. */
function useSettled() {
  const client = useQueryClient()
  return async (_: unknown, { landed }: { landed: boolean }) => {
    said(landed ? 'Noted: it landed. The run goes on.' : 'It is done again.')
    await client.invalidateQueries({ queryKey: trpc.reviews.pathKey() })
    await client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
  }
}

function ReviewCard({ row }: { row: Review }) {
  const [asking, setAsking] = useState(false)
  const again = useMutation(trpc.reviews.settle.mutationOptions({ onSuccess: useSettled(), onError: failed }))
  return (
    <section className="sb-card" style={{ padding: 18 }} aria-label={`${row.action} for ${row.run.subject.label}`}>
      <Group justify="space-between" align="flex-start" gap="md">
        <div style={{ flex: '1 1 320px' }}>
          <Title order={2}>
            <span className="sb-mono">{row.action}</span> for {row.run.subject.label}
          </Title>
          <Text size="sm" c="dimmed" component="div">
            Step “{row.step}” of{' '}
            <Link to="/runs/$id" params={{ id: row.run.id }}>
              {row.playbook.name}
            </Link>
            , <Ago when={row.attemptedAt} />
          </Text>
          {row.fault !== null && (
            <Text size="sm" mt="xs">
              {row.fault.message} {row.fault.fix}
            </Text>
          )}
        </div>
        <Group gap="xs">
          <Button variant="default" disabled={again.isPending} onClick={() => setAsking(true)}>
            It landed
          </Button>
          <Button loading={again.isPending} onClick={() => again.mutate({ key: row.key, landed: false })}>
            Do it again
          </Button>
        </Group>
      </Group>
      <details className="sb-details">
        <summary>What was to be sent</summary>
        <JsonView label="input" value={row.input} />
      </details>
      {asking && <LandedDialog row={row} onClose={() => setAsking(false)} />}
    </section>
  )
}

function LandedDialog({ row, onClose }: { row: Review; onClose: () => void }) {
  const [text, setText] = useState('')
  const settled = useSettled()
  const settle = useMutation(
    trpc.reviews.settle.mutationOptions({
      onSuccess: (answer, given) => {
        onClose()
        return settled(answer, given)
      },
    }),
  )
  const output = text.trim() === '' ? undefined : parseJson(text)
  const isJson = text.trim() === '' || output !== undefined
  return (
    <ConfirmDialog
      title="It landed"
      keep="Cancel"
      go="Yes, it landed"
      ready={isJson}
      call={settle}
      onGo={() => settle.mutate({ key: row.key, landed: true, ...(output !== undefined && { output }) })}
      onClose={onClose}
    >
      <Text>The run goes on as if the answer had come. If a later step reads this step’s output, give it here.</Text>
      <JsonInput
        label="Output, as JSON (optional)"
        autosize
        minRows={3}
        placeholder='{ "id": "…" }'
        value={text}
        onChange={setText}
        error={isJson ? undefined : 'This is not JSON. Mend it or leave it empty.'}
      />
    </ConfirmDialog>
  )
}
