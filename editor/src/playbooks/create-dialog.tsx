import { Button, Group, Modal, Radio, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { trpc } from '../api/client.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'

const BLANK = 'blank'

/** A new playbook: an empty canvas, or one of the templates. */
export function CreateDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="New playbook" size="lg">
      {opened && <CreateForm onClose={onClose} />}
    </Modal>
  )
}

function CreateForm({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate()
  const client = useQueryClient()
  const templates = useQuery({ ...trpc.playbooks.templates.queryOptions(), staleTime: Number.POSITIVE_INFINITY })
  const [name, setName] = useState('')
  const [from, setFrom] = useState(BLANK)
  const [subject, setSubject] = useState<'contact' | 'account'>('contact')
  const template = templates.data?.find(({ id }) => id === from)
  const create = useMutation(
    trpc.playbooks.create.mutationOptions({
      onSuccess: async ({ slug }) => {
        await client.invalidateQueries({ queryKey: trpc.playbooks.list.queryKey() })
        await navigate({ to: '/playbooks/$slug', params: { slug } })
      },
    }),
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({
      name: name.trim() === '' ? (template?.name ?? '') : name.trim(),
      subject: template?.subject ?? subject,
      ...(template !== undefined && { template: template.id }),
    })
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Name"
          data-autofocus
          required={template === undefined}
          withAsterisk={false}
          placeholder={template?.name ?? 'Expansion signal to opportunity'}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Radio.Group label="Start from" value={from} onChange={setFrom}>
          <Stack gap="xs" mt={6}>
            <Choice value={BLANK} name="An empty canvas" description="Draw it yourself, step by step." />
            {templates.data?.map((one) => (
              <Choice key={one.id} value={one.id} name={one.name} description={one.description} />
            ))}
          </Stack>
        </Radio.Group>
        {template === undefined && (
          <div>
            <Text size="sm" fw={500} mb={4}>
              It is about
            </Text>
            <SegmentedControl
              aria-label="It is about"
              data={[
                { value: 'contact', label: 'Contacts (people)' },
                { value: 'account', label: 'Accounts (companies)' },
              ]}
              value={subject}
              onChange={(value) => setSubject(value === 'account' ? 'account' : 'contact')}
            />
          </div>
        )}
        {create.isError && <ProblemPanel error={create.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Choice({ value, name, description }: { value: string; name: string; description: string }) {
  return (
    <Radio.Card value={value} p="sm" radius="md" aria-label={name} className="sb-choice">
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <Radio.Indicator />
        <div>
          <Text fw={600} size="sm">
            {name}
          </Text>
          <Text size="xs" c="dimmed">
            {description}
          </Text>
        </div>
      </Group>
    </Radio.Card>
  )
}
