import { Button, Group, JsonInput, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useRef, useState } from 'react'
import type { Json } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import { readProblem } from '../api/problem.ts'
import type { PlaybookDetail } from '../api/types.ts'
import { subjectChoice, SubjectInput } from '../customers/subject-input.tsx'
import { ListSkeleton } from '../ui/page.tsx'
import { parseObject } from '../ui/parse-object.ts'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import { filledIn, type ManualStart, manualStart, newStartKey, turnWords } from './start-data.ts'

/** Starts a run of what is published for one contact or account, and leads to it. */
export function StartDialog({ slug, onClose }: { slug: string; onClose: () => void }) {
  const playbook = useQuery({ ...trpc.playbooks.get.queryOptions({ slug }), refetchOnWindowFocus: false })
  const version = playbook.data?.liveVersion ?? null
  const live = useQuery({
    ...trpc.playbooks.get.queryOptions({ slug, version: version ?? 1 }),
    enabled: version !== null,
    // A published version never changes.
    staleTime: Number.POSITIVE_INFINITY,
  })
  const broken = [playbook, live].find((query) => query.isError)
  return (
    <Modal opened onClose={onClose} title="Start by hand">
      {broken !== undefined && <ProblemPanel error={broken.error} retry={() => void broken.refetch()} />}
      {broken === undefined && playbook.data === undefined && <ListSkeleton rows={2} />}
      {broken === undefined && playbook.data !== undefined && (
        <Startable playbook={playbook.data} live={live.data ?? null} onClose={onClose} />
      )}
    </Modal>
  )
}

/** The form, or why there is none and what to do. */
function Startable(props: { playbook: PlaybookDetail; live: PlaybookDetail | null; onClose: () => void }) {
  const { playbook, live, onClose } = props
  const { slug, status, liveVersion } = playbook
  if (liveVersion === null)
    return (
      <NotNow title="Not published yet" slug={slug} onClose={onClose}>
        Runs follow a published version, and this playbook has none. Publish it first.
      </NotNow>
    )
  if (status !== 'on')
    return (
      <NotNow title={`The playbook is ${status}`} slug={slug} onClose={onClose}>
        Nothing starts until it is turned on: choose “Turn on” at its status.
      </NotNow>
    )
  if (live === null) return <ListSkeleton rows={2} />
  const start = manualStart(live.document)
  if (start === null)
    return (
      <NotNow title="It cannot be started by hand" slug={slug} onClose={onClose}>
        Version {liveVersion} has no trigger “Started by hand or API”. Add that trigger to the playbook and publish.
      </NotNow>
    )
  return <StartForm live={live} start={start} onClose={onClose} />
}

function NotNow(props: { title: string; slug: string; onClose: () => void; children: ReactNode }) {
  return (
    <Stack>
      <Notice tone="warn" title={props.title}>
        <Text size="sm">{props.children}</Text>
      </Notice>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={props.onClose}>
          Close
        </Button>
        <Button component={Link} to={`/playbooks/${props.slug}`} onClick={props.onClose} data-autofocus>
          Open the playbook
        </Button>
      </Group>
    </Stack>
  )
}

function StartForm({ live, start, onClose }: { live: PlaybookDetail; start: ManualStart; onClose: () => void }) {
  const { slug, document, liveVersion } = live
  const navigate = useNavigate()
  const client = useQueryClient()
  const [subject, setSubject] = useState('')
  const [texts, setTexts] = useState<{ [name: string]: string }>({})
  const [json, setJson] = useState('')
  const data = start.fields === null ? parseObject(json) : filledIn(texts)
  const keyOf = useStartKeys()
  const run = useMutation(
    trpc.playbooks.start.mutationOptions({
      onSuccess: async ({ run: { id, waits } }) => {
        said(waits ? 'Another run for them is open: this one begins after it.' : 'The run is started.')
        void client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
        await navigate({ to: '/runs/$id', params: { id } })
      },
    }),
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const name = subject.trim()
    if (data === null || name === '') return
    run.mutate({ slug, subject: subjectChoice(document.subject, name), data, idempotencyKey: keyOf(name, data) })
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm" c="dimmed">
          Starts version {liveVersion} of “{document.name}”. It writes to what the playbook is connected to.
        </Text>
        {turnWords(document) !== null && (
          <Text size="sm" c="dimmed">
            {turnWords(document)}
          </Text>
        )}
        <SubjectInput kind={document.subject} value={subject} onChange={setSubject} focused />
        {start.fields?.map(({ name, help }) => (
          <TextInput
            key={name}
            label={name}
            description={help}
            value={texts[name] ?? ''}
            onChange={(event) => setTexts({ ...texts, [name]: event.currentTarget.value })}
          />
        ))}
        {start.fields?.length === 0 && (
          <Text size="sm" c="dimmed">
            The trigger takes no data.
          </Text>
        )}
        {start.fields === null && (
          <JsonInput
            label="Data, as JSON (optional)"
            description="Steps read it as trigger.data. The trigger names no fields, so it takes any."
            autosize
            minRows={2}
            value={json}
            onChange={setJson}
            error={data === null ? 'This is not a JSON object. Mend it, e.g. { "reason": "asked for" }.' : undefined}
          />
        )}
        {run.isError && <Refusal error={run.error} slug={slug} asked={run.variables?.subject} onLeave={onClose} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={run.isPending} disabled={data === null || subject.trim() === ''}>
            Start the run
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** The same wish keeps its key, so that a second press after a lost answer starts nothing twice; another gets its own. */
function useStartKeys(): (subject: string, data: { [name: string]: Json }) => string {
  const kept = useRef<{ wish: string; key: string } | null>(null)
  return (subject, data) => {
    const wish = JSON.stringify([subject, data])
    if (kept.current?.wish !== wish) kept.current = { wish, key: newStartKey() }
    return kept.current.key
  }
}

const ABOUT_REENTRY = ['ALREADY_ENROLLED', 'REENTRY_TOO_SOON']

function Refusal(props: {
  error: unknown
  slug: string
  asked: { contact: string } | { account: string } | undefined
  onLeave: () => void
}) {
  const { error, slug, asked } = props
  const subject = asked === undefined ? '' : 'contact' in asked ? asked.contact : asked.account
  return (
    <Stack gap="xs">
      <ProblemPanel error={error} title="The run was not started" />
      {ABOUT_REENTRY.includes(readProblem(error).code) && (
        <Text size="sm">
          <Link to="/runs" search={{ playbook: slug, subject }} onClick={props.onLeave}>
            Their runs of this playbook
          </Link>
          . Who may come again, and how soon, is part of the playbook’s settings.
        </Text>
      )}
    </Stack>
  )
}
