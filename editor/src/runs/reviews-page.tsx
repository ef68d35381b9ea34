import { Button, Group, JsonInput, Modal, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Inbox } from 'lucide-react'
import { useState } from 'react'
import type { Json } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import type { Review } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { JsonView } from '../ui/json-view.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
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

function ReviewCard({ row }: { row: Review }) {
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const settle = useMutation(
    trpc.reviews.settle.mutationOptions({
      onSuccess: async (_, { landed }) => {
        said(landed ? 'Noted: it landed. The run goes on.' : 'It is done again.')
        await client.invalidateQueries({ queryKey: trpc.reviews.pathKey() })
        await client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
      },
      onError: failed,
    }),
  )
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
          <Button variant="default" loading={settle.isPending} onClick={() => setAsking(true)}>
            It landed
          </Button>
          <Button loading={settle.isPending} onClick={() => settle.mutate({ key: row.key, landed: false })}>
            Do it again
          </Button>
        </Group>
      </Group>
      <details className="sb-details">
        <summary>What was to be sent</summary>
        <JsonView label="input" value={row.input} />
      </details>
      <LandedDialog
        opened={asking}
        onClose={() => setAsking(false)}
        onGo={(output) => {
          setAsking(false)
          settle.mutate({ key: row.key, landed: true, ...(output !== undefined && { output }) })
        }}
      />
    </section>
  )
}

function LandedDialog(props: { opened: boolean; onClose: () => void; onGo: (output: Json | undefined) => void }) {
  const { opened, onClose, onGo } = props
  const [text, setText] = useState('')
  const parsed = parse(text)
  return (
    <Modal opened={opened} onClose={onClose} title="It landed">
      <Stack>
        <Text>The run goes on as if the answer had come. If a later step reads this step’s output, give it here.</Text>
        <JsonInput
          label="Output, as JSON (optional)"
          autosize
          minRows={3}
          placeholder='{ "id": "…" }'
          value={text}
          onChange={setText}
          error={parsed.ok ? undefined : 'This is not JSON. Mend it or leave it empty.'}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button disabled={!parsed.ok} onClick={() => parsed.ok && onGo(parsed.value)}>
            Yes, it landed
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function parse(text: string): { ok: true; value: Json | undefined } | { ok: false } {
  if (text.trim() === '') return { ok: true, value: undefined }
  try {
    return { ok: true, value: JSON.parse(text) as Json }
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false }
    throw error
  }
}
