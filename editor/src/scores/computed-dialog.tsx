import { Button, Group, Input, Loader, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { ComputedDefinition } from '../../../engine/model/computed.ts'
import { checkComputed, MOST_INPUTS } from '../../../engine/scores/check-computed.ts'
import type { DefinitionIssue } from '../../../engine/scores/place.ts'
import { trpc } from '../api/client.ts'
import { readProblem } from '../api/problem.ts'
import type { ComputedRow } from '../api/types.ts'
import { AboutFields, aboutOf, type About } from '../audiences/about-fields.tsx'
import { Remove } from '../rules/remove.tsx'
import { useRuleWorld } from '../rules/use-rule-world.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import { TraceView } from '../ui/trace-view.tsx'
import { Add } from './bands-input.tsx'
import { type ComputedDraft, definitionFrom, draftFrom, newInput } from './computed-draft.ts'
import { FigureInput } from './figure-input.tsx'
import { replaceAt } from './score-draft.ts'

type Subject = About['subject']

/** Makes a computed property or changes one, with what it gives for some beside it. */
export function ComputedDialog({ computed, onClose }: { computed: ComputedRow | null; onClose: () => void }) {
  const [about, setAbout] = useState(() => aboutOf(computed, 'account'))
  const { subject } = about
  const [draft, setDraft] = useState(() => draftFrom(computed?.definition))
  const definition = definitionFrom(draft)
  const issues = checkComputed(definition, { subject })
  const { save, busy, error } = useSaveComputed(computed, onClose)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save({ ...about, name: about.name.trim(), definition })
  }
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={computed === null ? 'New computed property' : `Change ${computed.name}`}
      closeOnClickOutside={false}
    >
      <form onSubmit={submit}>
        <Stack>
          <AboutFields about={about} onChange={setAbout} placeholder="Logins per seat" isNew={computed === null} />
          <DraftInput draft={draft} onChange={setDraft} fixed={computed !== null} subject={subject} />
          <ComputedPreview subject={subject} definition={definition} issue={issues[0]} />
          {error !== null && <ProblemPanel error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={about.name.trim() === '' || issues.length > 0}>
              {computed === null ? 'Create computed property' : 'Save'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function DraftInput(props: {
  draft: ComputedDraft
  onChange: (draft: ComputedDraft) => void
  /** Whether it is there already: the property it writes never changes. */
  fixed: boolean
  subject: Subject
}) {
  const { draft, onChange, fixed, subject } = props
  const world = useRuleWorld(subject)
  return (
    <>
      <TextInput
        label="Property"
        description="It gets the value, and rules and templates read it like any other."
        leftSection={<Text size="xs">{subject}.</Text>}
        leftSectionWidth={66}
        placeholder="logins_per_seat"
        disabled={fixed}
        value={draft.property}
        onChange={(event) => onChange({ ...draft, property: event.currentTarget.value.trim() })}
      />
      <Input.Wrapper
        label="Inputs"
        description="Figures over events that the formula reads by name."
        labelElement="div"
      >
        <Stack gap={8} mt={6}>
          {draft.inputs.map((input, index) => (
            // An input has no identity but its place: its name is being written.
            <Group key={index} gap={6} className="sb-rule-group" align="flex-start">
              <TextInput
                size="xs"
                w={120}
                aria-label="Name of the input"
                value={input.name}
                onChange={(event) =>
                  onChange({
                    ...draft,
                    inputs: replaceAt(draft.inputs, index, { ...input, name: event.currentTarget.value.trim() }),
                  })
                }
              />
              <div style={{ flex: '1 1 300px' }}>
                <FigureInput
                  label={`Input ${input.name}`}
                  figure={input.figure}
                  world={world}
                  onChange={(figure) =>
                    onChange({ ...draft, inputs: replaceAt(draft.inputs, index, { ...input, figure }) })
                  }
                />
              </div>
              <Remove
                label={`Remove input ${input.name}`}
                onClick={() => onChange({ ...draft, inputs: replaceAt(draft.inputs, index, null) })}
              />
            </Group>
          ))}
          {draft.inputs.length < MOST_INPUTS && (
            <Add
              words="Add an input"
              onClick={() => onChange({ ...draft, inputs: [...draft.inputs, newInput(draft.inputs)] })}
            />
          )}
        </Stack>
      </Input.Wrapper>
      <Textarea
        label="Formula"
        description={`Over ${subject === 'contact' ? 'contact., ' : ''}account. and inputs., e.g. inputs.logins / account.seats`}
        className="sb-mono"
        autosize
        minRows={2}
        value={draft.formula}
        onChange={(event) => onChange({ ...draft, formula: event.currentTarget.value })}
      />
    </>
  )
}

function ComputedPreview(props: {
  subject: Subject
  definition: ComputedDefinition
  issue: DefinitionIssue | undefined
}) {
  const { subject, definition, issue } = props
  const [settled] = useDebouncedValue(definition, 400)
  const preview = useQuery({
    ...trpc.computed.preview.queryOptions({ subject, definition: settled }),
    enabled: issue === undefined && checkComputed(settled, { subject }).length === 0,
    placeholderData: (old) => old,
  })
  if (issue !== undefined)
    return (
      <Text size="sm" c="dimmed" role="status">
        {issue.message}
      </Text>
    )
  if (preview.isError)
    return (
      <Text size="sm" role="status">
        {readProblem(preview.error).detail}
      </Text>
    )
  if (preview.isPending) return <Loader size="sm" aria-label="Working it out" />
  return (
    <div className="sb-card" role="status">
      {preview.data.sample.map(({ subject: { id, label }, value, why }) => (
        <details key={id} className="sb-call">
          <summary>
            <span style={{ flex: 1 }}>{label}</span>
            <span className="sb-mono">{value === null ? (why.note ?? 'null') : JSON.stringify(value)}</span>
          </summary>
          <div style={{ padding: '2px 16px 12px' }}>
            <TraceView trace={why} />
          </div>
        </details>
      ))}
    </div>
  )
}

interface Saved extends About {
  definition: ComputedDefinition
}

function useSaveComputed(computed: ComputedRow | null, onClose: () => void) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const done = async (slug: string, message: string) => {
    said(message)
    onClose()
    await client.invalidateQueries({ queryKey: trpc.computed.pathKey() })
    await client.invalidateQueries({ queryKey: trpc.catalog.context.queryKey() })
    await navigate({ to: '/computed-properties/$slug', params: { slug } })
  }
  const create = useMutation(
    trpc.computed.create.mutationOptions({
      onSuccess: ({ slug }) => done(slug, 'The property is there. It is worked out for everyone once.'),
    }),
  )
  const update = useMutation(
    trpc.computed.update.mutationOptions({
      onSuccess: ({ slug }) => done(slug, 'Saved. A changed formula is worked out for everyone again.'),
    }),
  )
  return {
    busy: create.isPending || update.isPending,
    error: create.error ?? update.error,
    save: ({ subject, ...draft }: Saved) => {
      if (computed === null) create.mutate({ ...draft, subject })
      else update.mutate({ ...draft, slug: computed.slug })
    },
  }
}
