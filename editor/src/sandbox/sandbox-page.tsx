import { Button, Group, Select, Switch, Table, Tabs, Text, VisuallyHidden } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { FlaskConical } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import { Empty } from '../ui/empty.tsx'
import { JsonView } from '../ui/json-view.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago } from '../ui/time.tsx'
import { failed, said } from '../ui/toast.ts'
import { columnsOf, isRecord, type Rec, recordsOf, requestsOf, typesOf, wordsOf } from './sandbox-data.ts'
import './sandbox.css'

const APPS = ['intercom', 'salesforce'] as const
type App = (typeof APPS)[number]
const LABELS = { intercom: 'Intercom', salesforce: 'Salesforce' }

/** The stand-ins of both vendors from the inside: what playbooks wrote there, and every call they made. */
export function SandboxPage() {
  const [app, setApp] = useState<App>('intercom')
  return (
    <Page
      title="Sandbox"
      lead="Stand-ins of Intercom and Salesforce that run on this machine. What your playbooks do there shows up here; nothing leaves it."
    >
      <Tabs
        value={app}
        onChange={(value) => setApp(value === 'salesforce' ? 'salesforce' : 'intercom')}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {APPS.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {LABELS[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {APPS.map((one) => (
          <Tabs.Panel key={one} value={one}>
            <Trouble app={one} />
            <Tabs defaultValue="records" variant="outline" mt="md" keepMounted={false}>
              <Tabs.List>
                <Tabs.Tab value="records">Records</Tabs.Tab>
                <Tabs.Tab value="calls">Calls</Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="records" pt="md">
                <Records app={one} />
              </Tabs.Panel>
              <Tabs.Panel value="calls" pt="md">
                <Calls app={one} />
              </Tabs.Panel>
            </Tabs>
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  )
}

const FIRST: { [app in App]: string } = { intercom: 'contacts', salesforce: 'Opportunity' }

function Records({ app }: { app: App }) {
  const types = useQuery(trpc.sandbox.types.queryOptions({ app }))
  const names = typesOf(types.data)
  const [chosen, setChosen] = useState<string | null>(null)
  const type = chosen ?? names.find((name) => name.toLowerCase() === FIRST[app].toLowerCase()) ?? names[0] ?? null
  const records = useQuery({
    ...trpc.sandbox.records.queryOptions({ app, type: type ?? '' }),
    enabled: type !== null,
    refetchInterval: 4_000,
  })
  const rows = recordsOf(records.data?.data)
  return (
    <>
      <Select
        w={240}
        mb="sm"
        aria-label="Kind of record"
        data={names}
        value={type}
        onChange={(value) => value !== null && setChosen(value)}
      />
      {(types.isError || records.isError) && <ProblemPanel error={types.error ?? records.error} />}
      {records.isPending && types.isPending && <ListSkeleton />}
      {records.isSuccess && rows.length === 0 && (
        <div className="sb-card">
          <Empty icon={FlaskConical} title="No record of this kind">
            It appears here as soon as a playbook makes one.
          </Empty>
        </div>
      )}
      {rows.length > 0 && <RecordTable rows={rows} />}
    </>
  )
}

const MOST_ROWS = 200

function RecordTable({ rows }: { rows: Rec[] }) {
  const [open, setOpen] = useState<Rec | null>(null)
  const columns = columnsOf(rows)
  const newest = rows.toReversed().slice(0, MOST_ROWS)
  return (
    <>
      <div className="sb-card sb-scroll-x">
        <Table highlightOnHover aria-label="Records" verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Table.Th key={column}>{column}</Table.Th>
              ))}
              <Table.Th>
                <VisuallyHidden>Details</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {newest.map((row, index) => (
              <Table.Tr key={wordsOf(row.id ?? row.Id ?? index)}>
                {columns.map((column) => (
                  <Table.Td key={column}>
                    <Text size="sm" truncate maw={240}>
                      {wordsOf(row[column])}
                    </Text>
                  </Table.Td>
                ))}
                <Table.Td ta="right">
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    aria-expanded={open === row}
                    onClick={() => setOpen(open === row ? null : row)}
                  >
                    {open === row ? 'Hide' : 'All fields'}
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Text size="xs" c="dimmed" mt={6}>
        {rows.length > MOST_ROWS
          ? `The newest ${MOST_ROWS} of ${rows.length} records`
          : `${rows.length} ${rows.length === 1 ? 'record' : 'records'}`}
        , newest first
      </Text>
      {open !== null && <JsonView label="record" value={open} max={420} />}
    </>
  )
}

function Calls({ app }: { app: App }) {
  const calls = useQuery({ ...trpc.sandbox.requests.queryOptions({ app, limit: 100 }), refetchInterval: 3_000 })
  const rows = requestsOf(calls.data?.data)
  if (calls.isPending) return <ListSkeleton />
  if (calls.isError) return <ProblemPanel error={calls.error} retry={() => void calls.refetch()} />
  if (rows.length === 0)
    return (
      <div className="sb-card">
        <Empty icon={FlaskConical} title="No call yet">
          Every call a playbook makes shows up here, with what was sent and what was answered.
        </Empty>
      </div>
    )
  return (
    <div className="sb-card">
      {rows.map((call) => (
        <details key={call.id} className="sb-call">
          <summary>
            <span className="sb-call-status" data-tone={call.status === null || call.status >= 400 ? 'bad' : 'good'}>
              {call.status ?? 'dropped'}
            </span>
            <span className="sb-mono sb-call-method">{call.method}</span>
            <span className="sb-mono sb-call-path">{call.path}</span>
            {isRecord(call.fault) && (
              <span className="sb-badge" data-tone="warn">
                fault
              </span>
            )}
            <Text size="xs" c="dimmed" component="span">
              {call.ms} ms · <Ago when={call.at} />
            </Text>
          </summary>
          <div className="sb-call-body">
            <JsonView label="sent" value={call.body} max={240} />
            <JsonView label="answered" value={call.response} max={240} />
          </div>
        </details>
      ))}
    </div>
  )
}

const TROUBLE = { match: {}, rate: 0.3, seed: 1, when: 'before', status: 500 } as const

/** A switch that makes the stand-in fail now and then, to see what a playbook does about it. */
function Trouble({ app }: { app: App }) {
  const client = useQueryClient()
  const faults = useQuery({ ...trpc.sandbox.faults.queryOptions({ app }), refetchInterval: 10_000 })
  const again = () => client.invalidateQueries({ queryKey: trpc.sandbox.pathKey() })
  const set = useMutation(trpc.sandbox.setFault.mutationOptions({ onSuccess: again, onError: failed }))
  const clear = useMutation(trpc.sandbox.clearFaults.mutationOptions({ onSuccess: again, onError: failed }))
  const expire = useMutation(
    trpc.sandbox.expire.mutationOptions({
      onSuccess: async () => {
        said('The grant is gone. The next call pauses the connection and holds its runs.')
        await again()
      },
      onError: failed,
    }),
  )
  const count = recordsOf(faults.data?.data).length
  return (
    <Group className="sb-card" p="md" gap="xl">
      <Switch
        label="Fail three calls in ten"
        description="Answers 500 before doing anything; playbooks try again."
        checked={count > 0}
        disabled={set.isPending || clear.isPending}
        onChange={(event) =>
          event.currentTarget.checked ? set.mutate({ app, fault: TROUBLE }) : clear.mutate({ app })
        }
      />
      <Button
        variant="default"
        size="xs"
        loading={expire.isPending}
        onClick={() => expire.mutate({ app, what: 'refresh' })}
      >
        Expire the grant
      </Button>
      {count > 0 && (
        <Text size="sm" c="dimmed">
          {count === 1 ? '1 fault rule is set' : `${count} fault rules are set`}
        </Text>
      )}
    </Group>
  )
}
