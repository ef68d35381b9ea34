import { Button, Group, Stack, Switch, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { CircleCheck, CircleX, ListChecks } from 'lucide-react'
import { useEffect, useState } from 'react'
import { trpc } from '../api/client.ts'
import type { TestResult } from '../api/types.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { JsonView } from '../ui/json-view.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { useDraft, useEditorStore } from './store.ts'

/** The tests of the playbook against what is on the canvas: which pass, and what the others do otherwise. */
export function TestsPanel({ slug }: { slug: string }) {
  const document = useDraft()
  const queries = useQueryClient()
  const kept = useQuery(trpc.tests.list.queryOptions({ slug }))
  const run = useMutation(trpc.tests.run.mutationOptions())
  const gate = useMutation(
    trpc.tests.setGate.mutationOptions({
      onSettled: () => queries.invalidateQueries({ queryKey: trpc.tests.list.queryKey({ slug }) }),
    }),
  )
  const count = kept.data?.data.length ?? 0
  const { mutate } = run
  useEffect(() => {
    if (count > 0) mutate({ slug, document })
    // Run when the panel opens and when tests come or go; after an edit a person asks.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [slug, count, mutate])
  const played = run.variables?.document
  const isOld = played !== document
  return (
    <div className="sb-side-body">
      <Text size="sm" c="dimmed">
        Each test is a run or a dry run that was kept: what it was told, which way it went and what it sent. Nothing is
        written anywhere.
      </Text>
      {kept.isError && <ProblemPanel error={kept.error} retry={() => void kept.refetch()} />}
      {kept.data !== undefined && count === 0 && (
        <Text size="sm">
          There are no tests yet. Keep a dry run as one, or a run that is over: “Save as test” is below what came of it.
        </Text>
      )}
      {count > 0 && (
        <>
          <Group justify="space-between">
            <Button
              leftSection={<ListChecks size={16} aria-hidden="true" />}
              loading={run.isPending}
              onClick={() => mutate({ slug, document })}
            >
              Run all
            </Button>
            <Switch
              label="Publish only while they pass"
              checked={gate.isPending ? gate.variables.gate : (kept.data?.gate ?? false)}
              onChange={(event) => gate.mutate({ slug, gate: event.currentTarget.checked })}
            />
          </Group>
          {gate.isError && <ProblemPanel error={gate.error} />}
          {run.isError && <ProblemPanel error={run.error} />}
          {run.data !== undefined && (
            <Stack gap="sm" role="region" aria-label="Results of the tests">
              <Text size="sm" fw={600} role="status">
                {run.data.passed} passed, {run.data.failed} failed
                {isOld && ', before the draft was changed'}
              </Text>
              {run.data.results.map((result) => (
                <Result
                  key={result.id}
                  slug={slug}
                  result={result}
                  played={played}
                  isOld={isOld}
                  again={() => mutate({ slug, document })}
                />
              ))}
            </Stack>
          )}
        </>
      )}
    </div>
  )
}

function Result(props: {
  slug: string
  result: TestResult
  /** The document that the result is of. */
  played: unknown
  /** The draft is another by now. */
  isOld: boolean
  again: () => void
}) {
  const { slug, result, played, isOld, again } = props
  const queries = useQueryClient()
  const { getState } = useEditorStore()
  const { id, name, passed, differences } = result
  const [asks, setAsks] = useState(false)
  const anew = () => queries.invalidateQueries({ queryKey: trpc.tests.list.queryKey({ slug }) })
  const accept = useMutation(
    trpc.tests.accept.mutationOptions({
      onSuccess: async () => {
        await anew()
        again()
      },
    }),
  )
  // Those that are left run by themselves once there is one less.
  const remove = useMutation(trpc.tests.remove.mutationOptions({ onSuccess: anew }))
  const Icon = passed ? CircleCheck : CircleX
  return (
    <section className="sb-case" aria-label={name}>
      <Group gap={6} wrap="nowrap" align="start">
        <Icon
          size={16}
          aria-label={passed ? 'Passes' : 'Fails'}
          color={passed ? 'var(--sb-good)' : 'var(--sb-bad)'}
          style={{ flex: 'none', marginTop: 3 }}
        />
        <Title order={3}>{name}</Title>
      </Group>
      {differences.map((difference) => (
        <Stack gap={4} key={`${difference.what} ${difference.words}`} mt={4}>
          <Text size="sm">
            {difference.words}{' '}
            {difference.step !== null && (
              <button type="button" className="sb-link-button" onClick={() => getState().jumpTo(difference.step, null)}>
                Show
              </button>
            )}
          </Text>
          {difference.what === 'effect' && (
            <JsonView
              label={`what ${name} expects and finds`}
              value={{ expected: difference.expected, found: difference.found }}
              max={200}
            />
          )}
        </Stack>
      ))}
      <Group gap={6} mt={4}>
        {!passed && (
          <Button
            variant="default"
            size="compact-xs"
            loading={accept.isPending}
            disabled={isOld}
            onClick={() => accept.mutate({ slug, id, document: played })}
          >
            Expect this from now on
          </Button>
        )}
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          onClick={() => {
            remove.reset()
            setAsks(true)
          }}
        >
          Remove
        </Button>
      </Group>
      {!passed && isOld && (
        <Text size="xs" c="dimmed" mt={4}>
          The draft was changed since. Run the tests again to expect what it does now.
        </Text>
      )}
      {accept.isError && <ProblemPanel error={accept.error} />}
      {asks && (
        <ConfirmDialog
          title={`Remove “${name}”?`}
          keep="Keep it"
          go="Remove"
          danger
          call={remove}
          onGo={() => remove.mutate({ slug, id })}
          onClose={() => setAsks(false)}
        >
          <Text size="sm">What it was told and what it expects are lost; a run can be kept as a test anew.</Text>
        </ConfirmDialog>
      )}
    </section>
  )
}
