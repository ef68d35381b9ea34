import { Button, Group, Input, Modal, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { Rule } from '../../../engine/model/rule.ts'
import { checkRule } from '../../../engine/rules/check.ts'
import { trpc } from '../api/client.ts'
import type { AudienceRow } from '../api/types.ts'
import { AboutFields, aboutOf, type About } from './about-fields.tsx'
import { RuleBuilder } from '../rules/rule-builder.tsx'
import { useRuleWorld } from '../rules/use-rule-world.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import { apiOf, type AudienceKind, WORDS } from './audience-kind.ts'
import { RulePreview } from './rule-preview.tsx'

const EMPTY: Rule = { all: [] }

/** Makes a signal or segment, or changes one: name, rule, and who it would hold for now. */
export function AudienceDialog(props: { kind: AudienceKind; audience: AudienceRow | null; onClose: () => void }) {
  const { kind, audience, onClose } = props
  const words = WORDS[kind]
  const [about, setAbout] = useState(() => aboutOf(audience, 'contact'))
  const { subject } = about
  const [rule, setRule] = useState<Rule>(audience?.rule ?? EMPTY)
  const world = useRuleWorld(subject)
  const complete = checkRule(rule).length === 0
  const { save, busy, error } = useSaveAudience(kind, audience, onClose)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save({ ...about, name: about.name.trim(), rule })
  }
  return (
    <Modal
      opened
      onClose={onClose}
      size="min(60rem, 92vw)"
      title={audience === null ? `New ${words.one}` : `Change ${audience.name}`}
      closeOnClickOutside={false}
    >
      <form onSubmit={submit}>
        <Stack>
          <AboutFields
            about={about}
            onChange={setAbout}
            placeholder={kind === 'signal' ? 'Expansion ready' : 'Power users'}
            isNew={audience === null}
          />
          <Input.Wrapper label="Rule" labelElement="div">
            <RuleBuilder label="Rule" rule={rule} world={world} onChange={setRule} />
          </Input.Wrapper>
          <RulePreview kind={kind} subject={subject} rule={rule} />
          {error !== null && <ProblemPanel error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={about.name.trim() === '' || !complete}>
              {audience === null ? `Create ${words.one}` : 'Save'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

interface Draft extends About {
  rule: Rule
}

function useSaveAudience(kind: AudienceKind, audience: AudienceRow | null, onClose: () => void) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const api = apiOf(kind)
  const done = async (slug: string, message: string) => {
    said(message)
    onClose()
    await client.invalidateQueries({ queryKey: api.pathKey() })
    await client.invalidateQueries({ queryKey: trpc.catalog.context.queryKey() })
    await navigate({ to: kind === 'signal' ? '/signals/$slug' : '/segments/$slug', params: { slug } })
  }
  const create = useMutation(
    api.create.mutationOptions({
      onSuccess: ({ slug }: { slug: string }) => done(slug, `The ${WORDS[kind].one} is there. Everyone is asked once.`),
    }),
  )
  const update = useMutation(
    api.update.mutationOptions({ onSuccess: () => done(audience?.slug ?? '', 'Saved. Everyone is asked again.') }),
  )
  return {
    busy: create.isPending || update.isPending,
    error: create.error ?? update.error,
    save: (draft: Draft) => {
      if (audience === null) create.mutate(draft)
      else update.mutate({ slug: audience.slug, name: draft.name, description: draft.description, rule: draft.rule })
    },
  }
}
