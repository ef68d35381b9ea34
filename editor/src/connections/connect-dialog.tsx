import { Button, Divider, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { ConnectorManifest, FieldManifest, Json } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import type { ConnectionSummary } from '../api/types.ts'
import { Field } from '../inspector/field.tsx'
import '../inspector/inspector.css'
import { NO_WORLD } from '../rules/rule-world.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { failed, said } from '../ui/toast.ts'

type Values = { [name: string]: Json | undefined }

/** Makes a connection, or gives one new credentials: by signing in there, or with a token. */
export function ConnectDialog(props: {
  connector: ConnectorManifest
  taken: string[]
  reconnect: ConnectionSummary | null
  onClose: () => void
}) {
  const { connector, taken, reconnect, onClose } = props
  const [slug, setSlug] = useState(() => reconnect?.slug ?? freeSlug(connector.app, taken))
  const [name, setName] = useState(reconnect?.name ?? connector.label)
  const sandboxes = useQuery({ ...trpc.connections.sandboxes.queryOptions(), staleTime: Number.POSITIVE_INFINITY })
  const leadsThere = reconnect === null || reconnect.sandbox
  const standIn = leadsThere ? (sandboxes.data?.data.find(({ app }) => app === connector.app)?.address ?? null) : null
  const byOAuth = connector.auth.includes('oauth')
  const byToken = connector.auth.includes('token') || connector.auth.includes('none')
  const identity = { slug, name: name.trim() === '' ? connector.label : name.trim() }
  return (
    <Modal
      opened
      onClose={onClose}
      title={reconnect === null ? `Connect ${connector.label}` : `Reconnect ${reconnect.name}`}
      size="md"
    >
      <Stack>
        {reconnect === null && (
          <Group grow align="flex-start">
            <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <TextInput
              label="Short name"
              description="Playbooks refer to it."
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              value={slug}
              onChange={(event) => setSlug(event.currentTarget.value.toLowerCase().replace(/[^a-z0-9-]/g, '-'))}
            />
          </Group>
        )}
        {byOAuth && <OAuthPart {...{ connector, identity, reconnect, standIn }} />}
        {byOAuth && byToken && <Divider label="or" />}
        {byToken && !sandboxes.isPending && <TokenPart {...{ connector, identity, reconnect, standIn, onClose }} />}
      </Stack>
    </Modal>
  )
}

interface Part {
  connector: ConnectorManifest
  identity: { slug: string; name: string }
  reconnect: ConnectionSummary | null
  /** Where the sandbox of the app answers, if that is where the connection leads; null: to the vendor itself. */
  standIn: string | null
}

/** Settings that say where the vendor is; in the sandbox it is one address for all of them. */
const ADDRESSES = new Set(['baseUrl', 'instanceUrl'])

function OAuthPart({ connector, identity, reconnect, standIn }: Part) {
  const authorize = useMutation(
    trpc.connections.authorize.mutationOptions({ onSuccess: ({ url }) => window.location.assign(url) }),
  )
  return (
    <Stack gap="xs">
      <Text size="sm">
        {standIn === null ? (
          `You are sent to ${connector.label} to allow access, and come back here.`
        ) : (
          <>
            You are sent to the sandbox’s {connector.label} to allow access, and come back here. The real one is
            connected under <Link to="/going-live">Going live</Link>.
          </>
        )}
      </Text>
      <Button
        loading={authorize.isPending || authorize.isSuccess}
        onClick={() =>
          authorize.mutate({
            app: connector.app,
            ...identity,
            ...(reconnect !== null && { connectionId: reconnect.id, sandbox: reconnect.sandbox }),
          })
        }
      >
        Sign in to {connector.label}
      </Button>
      {authorize.isError && <ProblemPanel error={authorize.error} />}
    </Stack>
  )
}

function TokenPart({ connector, identity, reconnect, standIn, onClose }: Part & { onClose: () => void }) {
  const client = useQueryClient()
  const [values, setValues] = useState<Values>(() => ({
    ...Object.fromEntries(connector.fields.map((field) => [field.name, field.default])),
    ...reconnect?.settings,
    ...(standIn !== null &&
      Object.fromEntries(connector.fields.filter(isAddress).map((field) => [field.name, standIn]))),
  }))
  // Another address than the sandbox's is the real vendor's.
  const toSandbox = standIn !== null && connector.fields.filter(isAddress).every(({ name }) => values[name] === standIn)
  const create = useMutation(
    trpc.connections.createToken.mutationOptions({
      onSuccess: async () => {
        said(`${identity.name} is connected.`)
        onClose()
        await client.invalidateQueries({ queryKey: trpc.connections.pathKey() })
        await client.invalidateQueries({ queryKey: trpc.catalog.context.queryKey() })
      },
    }),
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const missing = connector.fields.find((field) => field.required && isEmpty(values[field.name]))
    if (missing !== undefined) return failed(new Error(`Fill in “${missing.label}”.`))
    create.mutate({
      app: connector.app,
      ...identity,
      credentials: credentialsOf(connector.fields, values),
      settings: Object.fromEntries(filled(connector.fields, values, 'settings')),
      sandbox: toSandbox,
      ...(reconnect !== null && { connectionId: reconnect.id, sandbox: reconnect.sandbox }),
    })
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        {standIn !== null && (
          <Text size="sm">
            {toSandbox
              ? `The sandboxes are on: this leads to the sandbox’s ${connector.label}.`
              : `This leads to the real ${connector.label}: the address is not the sandbox’s, ${standIn}.`}
            {toSandbox && reconnect === null && ` Give ${connector.label}’s own address to connect the real one.`}
          </Text>
        )}
        {connector.fields.map((field) => (
          <Field
            key={field.name}
            field={field}
            value={values[field.name]}
            onChange={(value) => setValues((old) => ({ ...old, [field.name]: value }))}
            error={undefined}
            groups={[]}
            world={NO_WORLD}
          />
        ))}
        {create.isError && <ProblemPanel error={create.error} />}
        <Group justify="flex-end">
          <Button
            type="submit"
            variant={connector.auth.includes('oauth') ? 'default' : 'filled'}
            loading={create.isPending}
          >
            {connector.auth.includes('oauth') ? 'Connect with this token' : 'Connect'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

const isAddress = ({ name }: FieldManifest): boolean => ADDRESSES.has(name)

const isEmpty = (value: Json | undefined): boolean => value === undefined || value === null || value === ''

function filled(fields: FieldManifest[], values: Values, place: 'credentials' | 'settings'): Array<[string, Json]> {
  return fields
    .filter((field) => (field.place ?? 'settings') === place)
    .flatMap((field): Array<[string, Json]> => {
      const value = values[field.name]
      return value === undefined || isEmpty(value) ? [] : [[field.name, value]]
    })
}

function credentialsOf(fields: FieldManifest[], values: Values): { [name: string]: string | number | boolean } {
  const pairs = filled(fields, values, 'credentials').flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? [[name, value] as const]
      : [],
  )
  return Object.fromEntries(pairs)
}

function freeSlug(app: string, taken: string[]): string {
  if (!taken.includes(app)) return app
  let n = 2
  while (taken.includes(`${app}-${n}`)) n += 1
  return `${app}-${n}`
}
