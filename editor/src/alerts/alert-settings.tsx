import { Button, Checkbox, Group, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { BellOff } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { AlertSettings } from '../api/types.ts'
import { ConfirmDialog, useDone } from '../ui/confirm-dialog.tsx'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'
import { failed, said } from '../ui/toast.ts'

interface Props {
  kept: AlertSettings
  isOwner: boolean
}

/** Where alerts are sent, and from when on runs count as failing. Mount it anew when what is kept is another. */
export function AlertSettingsForm({ kept, isOwner }: Props) {
  const client = useQueryClient()
  const [url, setUrl] = useState('')
  const [mail, setMail] = useState<MailDraft>({ connection: kept.mail?.connection ?? null, to: kept.mail?.to ?? '' })
  const [firstFailure, setFirstFailure] = useState(kept.firstFailure)
  const [percent, setPercent] = useState<number | string>(kept.failedPercent)
  const save = useMutation(
    trpc.alerts.change.mutationOptions({
      onSuccess: async () => {
        said('Saved.')
        await client.invalidateQueries({ queryKey: trpc.alerts.pathKey() })
      },
    }),
  )
  const { connection, to } = mail
  const lacks = typeof percent !== 'number' || percent < 1 || percent > 100 || (connection !== null && to.trim() === '')
  const send = () =>
    typeof percent === 'number' &&
    save.mutate({
      firstFailure,
      failedPercent: percent,
      mail: connection === null ? null : { connection, to: to.trim() },
      ...(url.trim() === '' ? {} : { url: url.trim() }),
    })
  return (
    <Stack maw={560}>
      {kept.mail?.problem && <Notice tone="warn" title={kept.mail.problem} />}
      <TextInput
        label="Address"
        description="Of a webhook, or an incoming webhook of Slack. It is kept sealed."
        placeholder={kept.host === null ? 'https://…' : `Kept: https://${kept.host}/…`}
        disabled={!isOwner}
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
      />
      <MailFields mail={mail} onChange={setMail} isOwner={isOwner} />
      <Checkbox
        label="Tell of the first failure after a success"
        disabled={!isOwner}
        checked={firstFailure}
        onChange={(event) => setFirstFailure(event.currentTarget.checked)}
      />
      <NumberInput
        label="Tell when so many percent of the last runs failed"
        description="Of ten runs or more that ended within a day."
        clampBehavior="none"
        allowDecimal={false}
        disabled={!isOwner}
        error={typeof percent === 'number' && (percent < 1 || percent > 100) && 'From 1 to 100.'}
        value={percent}
        onChange={setPercent}
      />
      {save.isError && <ProblemPanel error={save.error} />}
      {isOwner ? (
        <Group gap="xs">
          <Button loading={save.isPending} disabled={lacks} onClick={send}>
            Save
          </Button>
          {(kept.host !== null || kept.mail !== null) && <TestButton />}
          {kept.host !== null && <ForgetAddress kept={kept} host={kept.host} />}
        </Group>
      ) : (
        <Text size="sm" c="dimmed">
          An owner of the workspace says where they go.
        </Text>
      )}
    </Stack>
  )
}

interface MailDraft {
  /** By its slug; null: nothing is mailed. */
  connection: string | null
  to: string
}

interface MailProps {
  mail: MailDraft
  onChange: (mail: MailDraft) => void
  isOwner: boolean
}

function MailFields({ mail, onChange, isOwner }: MailProps) {
  const connections = useQuery(trpc.connections.list.queryOptions())
  const rows = connections.data?.data.filter(({ app }) => app === 'email') ?? []
  const known = rows.map(({ slug, name }) => ({ value: slug, label: name }))
  const { connection } = mail
  const gone = connection !== null && connections.isSuccess && !rows.some(({ slug }) => slug === connection)
  const data = gone ? [...known, { value: connection, label: `${connection} (gone)` }] : known
  return (
    <>
      <Select
        label="Mail through"
        description={
          connections.isSuccess && rows.length === 0 ? (
            <>
              There is no e-mail connection yet: make one in <Link to="/connections">Connections</Link>.
            </>
          ) : (
            'An e-mail connection of this workspace. Without one nothing is mailed.'
          )
        }
        placeholder="Nothing is mailed"
        clearable
        disabled={!isOwner || data.length === 0}
        data={data}
        value={connection}
        onChange={(value) => onChange({ ...mail, connection: value })}
      />
      {connection !== null && (
        <TextInput
          label="Mail to"
          description="An address, or several with commas."
          placeholder="ops@example.com"
          disabled={!isOwner}
          value={mail.to}
          onChange={(event) => onChange({ ...mail, to: event.currentTarget.value })}
        />
      )}
    </>
  )
}

/** By the settings that are kept, not by those that were typed. */
function TestButton() {
  const test = useMutation(
    trpc.alerts.test.mutationOptions({
      onSuccess: ({ host, mail }) => {
        const taken = [
          ...(host === null ? [] : [`${host} took a test.`]),
          ...(mail === null ? [] : [`Mailed to ${mail}.`]),
        ]
        said(taken.join(' '))
      },
      onError: failed,
    }),
  )
  return (
    <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
      Send a test
    </Button>
  )
}

function ForgetAddress({ kept, host }: { kept: AlertSettings; host: string }) {
  const [asking, ask] = useDisclosure(false)
  return (
    <>
      <Button variant="default" leftSection={<BellOff size={15} aria-hidden="true" />} onClick={ask.open}>
        Post nothing
      </Button>
      {asking && <ForgetDialog kept={kept} host={host} onClose={ask.close} />}
    </>
  )
}

function ForgetDialog({ kept, host, onClose }: { kept: AlertSettings; host: string; onClose: () => void }) {
  const done = useDone(trpc.alerts.pathKey(), 'Alerts are posted nowhere now.', onClose)
  const forget = useMutation(trpc.alerts.change.mutationOptions(done))
  const { firstFailure, failedPercent } = kept
  return (
    <ConfirmDialog
      title={`Post no more alerts to ${host}?`}
      keep="Keep the address"
      go="Forget the address"
      danger
      call={forget}
      onGo={() => forget.mutate({ url: null, firstFailure, failedPercent })}
      onClose={onClose}
    >
      <Text size="sm">
        The address is kept sealed and nobody can read it back: to post there again it has to be entered anew.
        {kept.mail !== null && ' Alerts are mailed as before.'}
      </Text>
    </ConfirmDialog>
  )
}
