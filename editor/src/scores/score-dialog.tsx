import { Button, Grid, Group, Input, Modal, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { ScoreDefinition } from '../../../engine/model/score.ts'
import { checkScore, MOST_PARTS } from '../../../engine/scores/check-score.ts'
import { trpc } from '../api/client.ts'
import type { ScoreRow } from '../api/types.ts'
import { AboutFields, aboutOf, type About } from '../audiences/about-fields.tsx'
import type { RuleWorld } from '../rules/rule-model.ts'
import { useRuleWorld } from '../rules/use-rule-world.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import { Add, BandsInput, StagesInput } from './bands-input.tsx'
import { PartInput } from './part-input.tsx'
import { freshName, measuredPart, newScore, replaceAt } from './score-draft.ts'
import { ScorePreview } from './score-preview.tsx'

/** Makes a score or changes one, with what it would be for some beside it. */
export function ScoreDialog({ score, onClose }: { score: ScoreRow | null; onClose: () => void }) {
  const [about, setAbout] = useState(() => aboutOf(score, 'account'))
  const { subject } = about
  const [definition, setDefinition] = useState<ScoreDefinition>(score?.definition ?? newScore)
  const world = useRuleWorld(subject)
  const { save, busy, error } = useSaveScore(score, onClose)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save({ ...about, name: about.name.trim(), definition })
  }
  return (
    <Modal
      opened
      onClose={onClose}
      size="76rem"
      title={score === null ? 'New score' : `Change ${score.name}`}
      closeOnClickOutside={false}
    >
      <form onSubmit={submit}>
        <Grid gap="xl">
          <Grid.Col span={{ base: 12, md: 7 }}>
            <Stack>
              <AboutFields about={about} onChange={setAbout} placeholder="Health" isNew={score === null} />
              <DefinitionInput definition={definition} onChange={setDefinition} world={world} />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 5 }}>
            <ScorePreview subject={subject} definition={definition} />
          </Grid.Col>
        </Grid>
        {error !== null && <ProblemPanel error={error} />}
        <Group justify="flex-end" gap="xs" mt="md">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={about.name.trim() === '' || checkScore(definition).length > 0}>
            {score === null ? 'Create score' : 'Save'}
          </Button>
        </Group>
      </form>
    </Modal>
  )
}

function DefinitionInput(props: {
  definition: ScoreDefinition
  onChange: (definition: ScoreDefinition) => void
  world: RuleWorld
}) {
  const { definition, onChange, world } = props
  const { parts, bands, stages } = definition
  const total = parts.reduce((sum, { weight }) => sum + weight, 0)
  return (
    <>
      <Input.Wrapper
        label="Parts"
        description="Each gives 0 to 100 marks; the score is their weighted average."
        labelElement="div"
      >
        <Stack gap="sm" mt={6}>
          {parts.map((part, index) => (
            // A part has no identity but its place: its name is being written.
            <PartInput
              key={index}
              part={part}
              share={total === 0 ? 0 : Math.round((100 * part.weight) / total)}
              world={world}
              onChange={(next) => onChange({ ...definition, parts: replaceAt(parts, index, next) })}
              onRemove={
                parts.length === 1 ? null : () => onChange({ ...definition, parts: replaceAt(parts, index, null) })
              }
            />
          ))}
          {parts.length < MOST_PARTS && (
            <Add
              words="Add a part"
              onClick={() => {
                const part = measuredPart({ name: freshName(parts, 'Part'), weight: 1 })
                onChange({ ...definition, parts: [...parts, part] })
              }}
            />
          )}
        </Stack>
      </Input.Wrapper>
      <Input.Wrapper label="Bands" description="Names for ranges of the number." labelElement="div">
        <div style={{ marginTop: 6 }}>
          <BandsInput bands={bands} onChange={(next) => onChange({ ...definition, bands: next })} />
        </div>
      </Input.Wrapper>
      <Input.Wrapper label="Stages" description="The first whose rule holds; there need be none." labelElement="div">
        <div style={{ marginTop: 6 }}>
          <StagesInput stages={stages} world={world} onChange={(next) => onChange({ ...definition, stages: next })} />
        </div>
      </Input.Wrapper>
    </>
  )
}

interface Draft extends About {
  definition: ScoreDefinition
}

function useSaveScore(score: ScoreRow | null, onClose: () => void) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const done = async (slug: string, message: string) => {
    said(message)
    onClose()
    await client.invalidateQueries({ queryKey: trpc.scores.pathKey() })
    await client.invalidateQueries({ queryKey: trpc.catalog.context.queryKey() })
    await navigate({ to: '/scores/$slug', params: { slug } })
  }
  const create = useMutation(
    trpc.scores.create.mutationOptions({
      onSuccess: ({ slug }) => done(slug, 'The score is there. It is worked out for everyone once.'),
    }),
  )
  const update = useMutation(
    trpc.scores.update.mutationOptions({
      onSuccess: ({ slug }) => done(slug, 'Saved. A changed definition is worked out for everyone again.'),
    }),
  )
  return {
    busy: create.isPending || update.isPending,
    error: create.error ?? update.error,
    save: ({ subject, ...draft }: Draft) => {
      if (score === null) create.mutate({ ...draft, subject })
      else update.mutate({ ...draft, slug: score.slug })
    },
  }
}
