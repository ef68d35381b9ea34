import { Button, Group, NumberInput, Select, Stack, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Json } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import type { Ask } from '../api/types.ts'
import { failed, said } from '../ui/toast.ts'

type Values = { [name: string]: Json }

/** Says yes or no, or fills in what is asked for. */
export function AnswerForm({ ask }: { ask: Ask }) {
  const client = useQueryClient()
  const [comment, setComment] = useState('')
  const [values, setValues] = useState<Values>({})
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
        <Button variant="default" loading={answer.isPending} onClick={() => decide('rejected')}>
          Reject
        </Button>
      </Group>
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
