import { Button, Group, Menu, Modal, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ChevronDown, CirclePlay, RefreshCw } from 'lucide-react'
import { useState } from 'react'
import type { ConnectorManifest } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import type { ConnectionSummary } from '../api/types.ts'
import { StepIcon } from '../canvas/step-icon.tsx'
import { counted } from '../ui/counted.ts'
import { paceWords } from '../ui/pace.ts'
import { Notice } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { failed, said } from '../ui/toast.ts'
import { BudgetDialog, budgetWords } from './budget-dialog.tsx'
import { ConnectDialog } from './connect-dialog.tsx'
import { KeyFieldPanel } from './key-field-panel.tsx'
import { PauseConnectionDialog, RemoveConnectionDialog, ResumeConnectionDialog } from './pause-dialogs.tsx'

/** One connected system: whether it works, what holds it up, and how to mend it. */
export function ConnectionCard({ row, connector }: { row: ConnectionSummary; connector: ConnectorManifest | null }) {
  const client = useQueryClient()
  const [open, setOpen] = useState<'budget' | 'reconnect' | 'key-field' | 'pause' | 'resume' | 'remove' | null>(null)
  const refresh = () => client.invalidateQueries({ queryKey: trpc.connections.pathKey() })
  const check = useMutation(
    trpc.connections.check.mutationOptions({
      onSuccess: async ({ identity, fault }) => {
        if (fault === null) said(identity === null ? 'It works.' : `It works, as ${identity}.`)
        else failed(new Error(`${fault.message} ${fault.fix}`))
        await refresh()
      },
      onError: failed,
    }),
  )
  return (
    <section className="sb-card sb-connection" aria-label={row.name}>
      <Group gap="md" wrap="nowrap" align="flex-start" data-app={row.app}>
        <span className="sb-step-icon">
          <StepIcon name={connector?.icon ?? row.app} />
        </span>
        <div style={{ flex: 1, minWidth: 0 }}>
          <Group gap="xs">
            <Title order={2}>{row.name}</Title>
            <StatusBadge status={row.status} />
            {row.sandbox && <StatusBadge status="intended" words="Sandbox" />}
          </Group>
          <Text size="sm" c="dimmed" component="div">
            <span className="sb-mono">{row.slug}</span>
            {row.identity !== null && ` · ${row.identity}`}
            {' · '}
            {budgetWords(row.budget)}
            {' · '}
            {counted(row.usage.effectsLast24h, 'write')} in 24 h
          </Text>
        </div>
        <Menu position="bottom-end">
          <Menu.Target>
            <Button
              variant="default"
              size="xs"
              rightSection={<ChevronDown size={14} />}
              aria-label={`Actions for ${row.name}`}
            >
              Actions
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => check.mutate({ id: row.id })}>Check it now</Menu.Item>
            <Menu.Item onClick={() => setOpen('reconnect')}>Reconnect</Menu.Item>
            <Menu.Item onClick={() => setOpen('budget')}>Change the budget</Menu.Item>
            {row.status === 'open' && <Menu.Item onClick={() => setOpen('pause')}>Pause</Menu.Item>}
            {row.app === 'salesforce' && (
              <Menu.Item onClick={() => setOpen('key-field')}>Install the key field</Menu.Item>
            )}
            <Menu.Divider />
            <Menu.Item color="red" onClick={() => setOpen('remove')}>
              Remove…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      {row.status === 'paused' && <Paused row={row} onMend={setOpen} />}
      {row.status === 'open' && row.heldRuns > 0 && <Releasing row={row} />}
      {open === 'pause' && <PauseConnectionDialog row={row} onClose={() => setOpen(null)} />}
      {open === 'resume' && <ResumeConnectionDialog row={row} onClose={() => setOpen(null)} />}
      {open === 'remove' && <RemoveConnectionDialog row={row} onClose={() => setOpen(null)} />}
      {open === 'budget' && <BudgetDialog row={row} onClose={() => setOpen(null)} />}
      {open === 'key-field' && (
        <Modal opened onClose={() => setOpen(null)} title={`The key field in ${row.name}`} size="md">
          <Text size="sm" mb="md">
            By the unique field <span className="sb-mono">Signalbox_Key__c</span> Salesforce itself refuses a second
            copy of what a playbook creates.
          </Text>
          <KeyFieldPanel connectionId={row.id} name={row.name} />
        </Modal>
      )}
      {open === 'reconnect' && connector !== null && (
        <ConnectDialog connector={connector} taken={[]} reconnect={row} onClose={() => setOpen(null)} />
      )}
    </section>
  )
}

/** Why it is paused, what that holds up, and the way to mend it. */
function Paused({ row, onMend }: { row: ConnectionSummary; onMend: (how: 'resume' | 'reconnect') => void }) {
  if (row.fault === null) return null
  return (
    <Notice tone={row.fault.code === 'CONNECTION_PAUSED' ? 'warn' : 'bad'} title={row.fault.message}>
      <Text size="sm">{row.fault.fix}</Text>
      <Text size="sm" component="div" mt={4}>
        {row.pausedAt !== null && (
          <>
            Paused <Ago when={row.pausedAt} />.{' '}
          </>
        )}
        {row.heldRuns > 0 ? (
          <Link to="/runs" search={{ status: 'held' }}>
            {counted(row.heldRuns, 'run is', 'runs are')} held until it works again
          </Link>
        ) : (
          'No run is held by it.'
        )}
      </Text>
      {row.fault.code === 'CONNECTION_PAUSED' ? (
        <Button
          size="xs"
          mt="xs"
          leftSection={<CirclePlay size={14} aria-hidden="true" />}
          onClick={() => onMend('resume')}
        >
          Let it go on
        </Button>
      ) : (
        <Button
          size="xs"
          mt="xs"
          leftSection={<RefreshCw size={14} aria-hidden="true" />}
          onClick={() => onMend('reconnect')}
        >
          Reconnect
        </Button>
      )}
    </Notice>
  )
}

/** It works again, and not all runs that it held have been told. */
function Releasing({ row }: { row: ConnectionSummary }) {
  const rate = row.releasePerSecond ?? (row.budget === null ? null : (row.budget.calls * 1000) / row.budget.perMs)
  return (
    <Notice tone="warn" title="Its held runs are going on">
      <Text size="sm" component="div">
        <Link to="/runs" search={{ status: 'held' }}>
          {counted(row.heldRuns, 'run is', 'runs are')} still to go on
        </Link>
        {rate === null ? '.' : `, ${paceWords(rate)}.`}
      </Text>
    </Notice>
  )
}
