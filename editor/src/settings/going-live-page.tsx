import { Button, Code, CopyButton, Group, List, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Check } from 'lucide-react'
import { type FormEvent, type ReactNode, useState } from 'react'
import { trpc } from '../api/client.ts'
import { KeyFieldPanel, useKeyFieldDone } from '../connections/key-field-panel.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import './going-live.css'

const APPS = [
  {
    app: 'intercom',
    label: 'Intercom',
    where: 'In Intercom’s Developer Hub, make an app, switch on “Use OAuth” and enter this redirect URL:',
  },
  {
    app: 'salesforce',
    label: 'Salesforce',
    where:
      'In Salesforce Setup, make an external client app with OAuth, scopes “api” and “refresh_token”, and this callback URL:',
  },
] as const

/** From the sandbox to the real vendors, one thing after the other, each with whether it is done. */
export function GoingLivePage() {
  const apps = useQuery(trpc.connections.oauthApps.queryOptions())
  const connections = useQuery(trpc.connections.list.queryOptions())
  const events = useQuery(trpc.events.list.queryOptions({ limit: 1 }))
  const live = connections.data?.data.filter((connection) => !connection.sandbox) ?? []
  const uris = apps.data?.redirectUris ?? []
  const origin = uris[0] === undefined ? window.location.origin : new URL(uris[0].redirectUri).origin
  const reachable = origin.startsWith('https://')
  const ids = new Map(apps.data?.apps.map((one) => [one.app, one.clientId]))
  return (
    <Page
      title="Going live"
      lead="The sandboxes behave like the vendors, so what works there works here. These steps connect the real ones."
    >
      {apps.isError && <ProblemPanel error={apps.error} retry={() => void apps.refetch()} />}
      <ol className="sb-steps">
        <Step done={reachable} title="Give Signalbox a public address">
          <Text size="sm">
            Vendors send people and webhooks back to it. It is <Code>{origin}</Code> now.
          </Text>
          {!reachable && (
            <Text size="sm">
              Put it behind HTTPS and set <Code>SIGNALBOX_PUBLIC_URL</Code> to the address people open.
            </Text>
          )}
        </Step>
        {APPS.map(({ app, label, where }) => (
          <Step key={app} done={ids.has(app)} title={`Make an app at ${label}`}>
            <Text size="sm">{where}</Text>
            <Copyable text={uris.find((one) => one.app === app)?.redirectUri ?? `${origin}/oauth/callback/${app}`} />
            <OAuthAppForm app={app} label={label} clientId={ids.get(app) ?? null} />
          </Step>
        ))}
        <Step done={live.length > 0} title="Connect">
          <Text size="sm">
            Sign in to each vendor with a user made for the integration. Connections to the sandboxes stay beside them
            until you remove them.
          </Text>
          <ConnectLive />
        </Step>
        <KeyFieldStep connections={live.filter(({ app }) => app === 'salesforce')} />
        <Step done={false} title="Let Intercom tell Signalbox">
          <Text size="sm">
            Enter this as the webhook URL of the app at Intercom, with the topics you want to react to:
          </Text>
          {live.filter(({ app }) => app === 'intercom').length === 0 && (
            <Text size="sm" c="dimmed">
              It appears here when Intercom is connected.
            </Text>
          )}
          {live
            .filter(({ app }) => app === 'intercom')
            .map((connection) => (
              <Copyable key={connection.id} text={`${origin}/hooks/${connection.id}`} />
            ))}
        </Step>
        <Step done={(events.data?.data.length ?? 0) > 0} title="Send your product’s events">
          <Text size="sm">
            Any Segment library works: set its host to <Code>{origin}</Code> and its write key to a key from{' '}
            <Link to="/settings">Settings</Link> with the scope “Send events”.
          </Text>
        </Step>
        <Step done={false} title="Try it with one contact of your own">
          <List size="sm" spacing={4}>
            <List.Item>Choose the real connections in the steps of the playbook.</List.Item>
            <List.Item>Do a dry run with a contact of your own team and read what each write would send.</List.Item>
            <List.Item>Publish, send one test event for that contact, and watch the run.</List.Item>
            <List.Item>Look at the records in Intercom and Salesforce, then let the others in.</List.Item>
          </List>
        </Step>
      </ol>
    </Page>
  )
}

function KeyFieldStep({ connections }: { connections: Array<{ id: string; name: string }> }) {
  const done = useKeyFieldDone(connections.map(({ id }) => id))
  return (
    <Step done={done} title="Install one field in Salesforce">
      <Text size="sm">
        A custom text field <Code>Signalbox_Key__c</Code>, length 255, unique and marked as external id, on the objects
        that playbooks create. By it Salesforce itself refuses a second record, whatever happens on the way.
        Opportunities and accounts are not created without it.
      </Text>
      {connections.length === 0 && (
        <Text size="sm" c="dimmed">
          One click installs it here when the real Salesforce is connected.
        </Text>
      )}
      {connections.map(({ id, name }) => (
        <KeyFieldPanel key={id} connectionId={id} name={name} />
      ))}
    </Step>
  )
}

function Step({ done, title, children }: { done: boolean; title: string; children: ReactNode }) {
  return (
    <li className="sb-card" data-done={done}>
      <span className="sb-step-number" aria-hidden="true">
        {done && <Check size={15} />}
      </span>
      <Stack gap="sm" style={{ minWidth: 0 }}>
        <Title order={2}>
          {title}
          {done && <span className="sb-done-word"> · done</span>}
        </Title>
        {children}
      </Stack>
    </li>
  )
}

function Copyable({ text }: { text: string }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <Code style={{ overflowWrap: 'anywhere' }}>{text}</Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button size="compact-xs" variant="default" onClick={copy} aria-label={`Copy ${text}`}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </CopyButton>
    </Group>
  )
}

function OAuthAppForm({ app, label, clientId }: { app: string; label: string; clientId: string | null }) {
  const client = useQueryClient()
  const [id, setId] = useState('')
  const [secret, setSecret] = useState('')
  const [base, setBase] = useState('')
  const save = useMutation(
    trpc.connections.setOauthApp.mutationOptions({
      onSuccess: async () => {
        said(`Signalbox knows its app at ${label}.`)
        setId('')
        setSecret('')
        await client.invalidateQueries({ queryKey: trpc.connections.oauthApps.queryKey() })
      },
    }),
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({
      app,
      clientId: id.trim(),
      clientSecret: secret.trim(),
      base: base.trim() === '' ? null : base.trim(),
    })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        {clientId !== null && (
          <Text size="sm">
            Client id in use: <Code>{clientId}</Code>
          </Text>
        )}
        <Group align="flex-end" gap="xs">
          <TextInput
            label={`${label} client id`}
            autoComplete="off"
            value={id}
            onChange={(event) => setId(event.currentTarget.value)}
          />
          <TextInput
            label={`${label} client secret`}
            type="password"
            autoComplete="off"
            value={secret}
            onChange={(event) => setSecret(event.currentTarget.value)}
          />
          <TextInput
            label="Other address (optional)"
            placeholder={app === 'salesforce' ? 'https://test.salesforce.com' : 'https://app.eu.intercom.com'}
            value={base}
            onChange={(event) => setBase(event.currentTarget.value)}
          />
          <Button
            type="submit"
            variant="default"
            loading={save.isPending}
            disabled={id.trim() === '' || secret.trim() === ''}
          >
            Save
          </Button>
        </Group>
        {save.isError && <ProblemPanel error={save.error} />}
      </Stack>
    </form>
  )
}

function ConnectLive() {
  const authorize = useMutation(
    trpc.connections.authorize.mutationOptions({ onSuccess: ({ url }) => window.location.assign(url) }),
  )
  return (
    <>
      <Group gap="xs">
        {APPS.map(({ app, label }) => (
          <Button
            key={app}
            variant="default"
            loading={authorize.isPending && authorize.variables.app === app}
            onClick={() => authorize.mutate({ app, slug: `${app}-live`, name: label, sandbox: false })}
          >
            Connect the real {label}
          </Button>
        ))}
      </Group>
      {authorize.isError && <ProblemPanel error={authorize.error} />}
    </>
  )
}
