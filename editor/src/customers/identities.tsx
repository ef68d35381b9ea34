import { ActionIcon, Button, Group, Select, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { ContactView } from '../api/types.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import { type Identity, IDENTITY_KINDS, type IdentityKind, identityLines } from './identity-model.ts'
import { Panel } from './panel.tsx'
import type { CustomerKind } from './table-definition.ts'

const KINDS = (['user_id', 'email', 'anonymous_id', 'vendor_id'] as const).map((value) => ({
  value,
  label: value === 'vendor_id' ? 'Id elsewhere' : IDENTITY_KINDS[value].words,
}))

/** By what somebody is known. Those who may write give a contact one more id, or take one away. */
export function Identities(props: {
  kind: CustomerKind
  identities: ContactView['identities']
  links: ContactView['links']
  externalId: string | null
  id: string
}) {
  const { kind, id } = props
  const { data: session } = useSuspenseQuery(trpc.session.me.queryOptions())
  const [doing, setDoing] = useState<'add' | Identity | null>(null)
  const stop = () => setDoing(null)
  // An account is known by your id alone, which it got with its first message.
  const mayWrite = kind === 'contact' && session.role !== 'viewer'
  return (
    <Panel title="Identities">
      <dl className="sb-identities">
        {identityLines(props).map(({ words, value, identity }) => (
          <div key={`${words} ${value}`}>
            <dt>{words}</dt>
            <dd>
              <span className="sb-mono">{value}</span>
              {mayWrite && identity !== null && (
                <ActionIcon
                  size="xs"
                  variant="subtle"
                  color="gray"
                  aria-label={`Remove ${value}`}
                  onClick={() => setDoing(identity)}
                >
                  <X size={12} />
                </ActionIcon>
              )}
            </dd>
          </div>
        ))}
      </dl>
      {mayWrite && doing === 'add' && <AddIdentity id={id} onClose={stop} />}
      {mayWrite && doing !== 'add' && (
        <Button
          variant="subtle"
          size="compact-xs"
          color="gray"
          ml={8}
          mb={10}
          leftSection={<Plus size={12} aria-hidden="true" />}
          onClick={() => setDoing('add')}
        >
          Add an identity
        </Button>
      )}
      {doing !== null && doing !== 'add' && <RemoveIdentity id={id} identity={doing} onClose={stop} />}
    </Panel>
  )
}

/** What shows by which ids somebody is known, or finds them by one. */
function useRefresh() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: trpc.contacts.pathKey() })
}

function AddIdentity({ id, onClose }: { id: string; onClose: () => void }) {
  const [kind, setKind] = useState<IdentityKind>('user_id')
  const [value, setValue] = useState('')
  const refresh = useRefresh()
  const add = useMutation(
    trpc.identity.add.mutationOptions({
      onSuccess: async () => {
        await refresh()
        said('They are known by one more id.')
        onClose()
      },
    }),
  )
  const { example, means } = IDENTITY_KINDS[kind]
  return (
    <form
      className="sb-add-identity"
      aria-label="Add an identity"
      onSubmit={(event) => {
        event.preventDefault()
        add.mutate({ id, kind, value: value.trim() })
      }}
    >
      <Select
        size="xs"
        aria-label="Kind"
        data={KINDS}
        value={kind}
        allowDeselect={false}
        onChange={(next) => {
          if (next === null) return
          add.reset()
          setKind(next)
        }}
      />
      <TextInput
        size="xs"
        data-autofocus
        autoFocus
        aria-label="Value"
        description={means}
        inputWrapperOrder={['input', 'description']}
        placeholder={example}
        value={value}
        onChange={(event) => setValue(event.currentTarget.value)}
      />
      {add.isError && (
        // The form stands at the end of the page: what it was refused for may be below the window.
        <div ref={showWhole}>
          <ProblemPanel error={add.error} />
        </div>
      )}
      <Group justify="flex-end" gap="xs">
        <Button size="xs" variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button size="xs" type="submit" disabled={value.trim() === ''} loading={add.isPending}>
          Add
        </Button>
      </Group>
    </form>
  )
}

const showWhole = (element: HTMLElement | null): void => element?.scrollIntoView({ block: 'nearest' })

function RemoveIdentity({ id, identity, onClose }: { id: string; identity: Identity; onClose: () => void }) {
  const { kind, value } = identity
  const refresh = useRefresh()
  const navigate = useNavigate()
  const remove = useMutation(
    trpc.identity.remove.mutationOptions({
      onSuccess: async () => {
        // The page may have been opened by that very id, by which there is nobody now.
        if (kind === 'user_id') await navigate({ to: '/contacts/$id', params: { id }, replace: true })
        await refresh()
        said('They are no longer known by that id.')
        onClose()
      },
    }),
  )
  return (
    <ConfirmDialog
      title={`Remove this ${nounOf(kind)}?`}
      keep="Keep it"
      go="Remove it"
      danger
      call={remove}
      onGo={() => remove.mutate({ id, kind, value })}
      onClose={onClose}
    >
      <Text size="sm" className="sb-mono" style={{ overflowWrap: 'anywhere' }}>
        {value}
      </Text>
      <Text size="sm">
        The next message that names it is about somebody else. What came by it so far stays with this contact.
      </Text>
    </ConfirmDialog>
  )
}

const nounOf = (kind: IdentityKind): string =>
  kind === 'email' ? 'e-mail address' : kind === 'user_id' ? 'id of yours' : 'id'
