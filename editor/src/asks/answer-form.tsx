import { Button, Group, NumberInput, Select, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Json } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import type { Ask } from '../api/types.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { failed, said } from '../ui/toast.ts'

type Values = { [name: string]: Json }

/** Says yes or no, or fills in what is asked for. */
export function AnswerForm({ ask }: { ask: Ask }) {
  const client = useQueryClient()
  const [comment, setComment] = useState('')
  const [values, setValues] = useState<Values>({})
  const [isRejecting, rejecting] = useDisclosure(false)
  const answer = useMutation(
    trpc.asks.answer.mutationOptions({
      onSuccess: async () => {
        said('Your answer is in. The run goes on.')
        await client.invalidateQueries({ queryKey: trpc.asks.pathKey() })
        await client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
      },
      onError: async (error) => {
        failed(error)
        await client.invalidateQueries({ queryKey: trpc.asks.pathKey() })
      },
    }),
  )
  if (ask.kind === 'form')
    return (
      <Stack gap="sm" style={{ flex: '1 1 320px' }}>
        {ask.fields.map((field) => (
          <FormField
            key={field.name}
            field={field}
            value={values[field.name]}
            onChange={(value) => setValues((before) => ({ ...before, [field.name]: value }))}
          />
        ))}
        <Group>
          <Button loading={answer.isPending} onClick={() => answer.mutate({ id: ask.id, values })}>
            Send
          </Button>
        </Group>
      </Stack>
    )
  const decide = (decision: 'approved' | 'rejected') =>
    answer.mutate({ id: ask.id, decision, ...(comment.trim() === '' ? {} : { comment: comment.trim() }) })
  return (
    <Stack gap="sm" style={{ flex: '1 1 320px' }}>
      <Textarea
        label="Comment"
        autosize
        minRows={1}
        maxLength={2000}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <Group gap="xs">
        <Button loading={answer.isPending} onClick={() => decide('approved')}>
          Approve
        </Button>
        <Button variant="default" disabled={answer.isPending} onClick={rejecting.open}>
          Reject…
        </Button>
      </Group>
      {isRejecting && (
        <ConfirmDialog
          title={`Reject “${ask.title}”?`}
          keep="Not yet"
          go="Reject"
          danger
          call={answer}
          onGo={() => decide('rejected')}
          onClose={rejecting.close}
        >
          <Text size="sm">
            The run goes on by “rejected”, and nobody can answer it otherwise any more.
            {comment.trim() === '' ? ' No comment goes with it.' : ' Your comment goes with it.'}
          </Text>
        </ConfirmDialog>
      )}
    </Stack>
  )
}

function FormField(props: { field: Ask['fields'][number]; value: Json | undefined; onChange: (value: Json) => void }) {
  const { field, value, onChange } = props
  const words = { label: field.label, required: field.required }
  const text = typeof value === 'string' ? value : ''
  switch (field.type) {
    case 'number':
      return (
        <NumberInput
          {...words}
          hideControls
          value={typeof value === 'number' ? value : ''}
          onChange={(next) => onChange(typeof next === 'number' ? next : null)}
        />
      )
    case 'yesNo':
      return (
        <Select
          {...words}
          data={['Yes', 'No']}
          value={value === true ? 'Yes' : value === false ? 'No' : null}
          onChange={(next) => onChange(next === null ? null : next === 'Yes')}
        />
      )
    case 'choice':
      return <Select {...words} data={field.options} value={text === '' ? null : text} onChange={onChange} />
    case 'longText':
      return (
        <Textarea
          {...words}
          autosize
          minRows={3}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )
    case 'date':
    case 'text':
      return (
        <TextInput
          {...words}
          type={field.type}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )
  }
}
