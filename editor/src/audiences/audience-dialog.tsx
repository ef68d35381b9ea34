import { Button, Group, Input, Modal, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { Rule } from '../../../engine/model/rule.ts'
import { trpc } from '../api/client.ts'
import { readProblem } from '../api/problem.ts'
import type { AudienceRow } from '../api/types.ts'
import { RuleBuilder } from '../rules/rule-builder.tsx'
import { asGroup } from '../rules/rule-model.ts'
import { useRuleWorld } from '../rules/use-rule-world.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import { apiOf, type AudienceKind, WORDS } from './audience-kind.ts'

type Subject = 'contact' | 'account'
const EMPTY: Rule = { all: [] }

/** Makes a signal or segment, or changes one: name, rule, and who it would hold for now. */
export function AudienceDialog(props: { kind: AudienceKind; audience: AudienceRow | null; onClose: () => void }) {
  const { kind, audience, onClose } = props
  const words = WORDS[kind]
  const [name, setName] = useState(audience?.name ?? '')
  const [description, setDescription] = useState(audience?.description ?? '')
  const [subject, setSubject] = useState<Subject>(audience?.subject ?? 'contact')
  const [rule, setRule] = useState<Rule>(audience?.rule ?? EMPTY)
  const world = useRuleWorld(subject)
  const { save, busy, error } = useSaveAudience(kind, audience, onClose)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save({ name: name.trim(), description, subject, rule })
  }
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={audience === null ? `New ${words.one}` : `Change ${audience.name}`}
      closeOnClickOutside={false}
    >
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            data-autofocus
            label="Name"
            required
            withAsterisk={false}
            placeholder={kind === 'signal' ? 'Expansion ready' : 'Power users'}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Textarea
            label="Description"
            autosize
            minRows={1}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          {audience === null && (
            <SegmentedControl
              aria-label="It is about"
              data={[
                { value: 'contact', label: 'Contacts (people)' },
                { value: 'account', label: 'Accounts (companies)' },
              ]}
              value={subject}
              onChange={(value) => setSubject(value === 'account' ? 'account' : 'contact')}
            />
          )}
          <Input.Wrapper label="Rule" labelElement="div">
            <RuleBuilder label="Rule" rule={rule} world={world} onChange={setRule} />
          </Input.Wrapper>
          <PreviewCount kind={kind} subject={subject} rule={rule} />
          {error !== null && <ProblemPanel error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={name.trim() === '' || isEmptyRule(rule)}>
              {audience === null ? `Create ${words.one}` : 'Save'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

const isEmptyRule = (rule: Rule): boolean => asGroup(rule)?.children.length === 0

interface Draft {
  name: string
  description: string
  subject: Subject
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

/** How many the rule holds for now, asked while it is built: what is only estimated at first is counted afterwards. */
function PreviewCount({ kind, subject, rule }: { kind: AudienceKind; subject: Subject; rule: Rule }) {
  const [settled] = useDebouncedValue(rule, 400)
  const api = apiOf(kind)
  const preview = useQuery({
    ...api.preview.queryOptions({ subject, rule: settled }),
    enabled: !isEmptyRule(settled),
    placeholderData: (old) => old,
  })
  const estimated = preview.data !== undefined && !preview.data.exact
  const counted = useQuery({
    ...api.preview.queryOptions({ subject, rule: settled, exact: true }),
    enabled: estimated && !preview.isPlaceholderData,
    // It took its minute; the estimate stays.
    retry: false,
  })
  if (isEmptyRule(rule))
    return (
      <Text size="sm" c="dimmed">
        Add a condition to see who it holds for.
      </Text>
    )
  const shown = (estimated ? counted.data : undefined) ?? preview.data
  return (
    <div className="sb-code" role="status" style={{ fontFamily: 'inherit', fontSize: '0.8125rem' }}>
      {preview.isError && <Text size="sm">{readProblem(preview.error).detail}</Text>}
      {preview.isSuccess && shown !== undefined && (
        <>
          <Text size="sm" fw={600}>
            {shown.exact ? '' : 'about '}
            {shown.count.toLocaleString('en')} of {shown.total.toLocaleString('en')}{' '}
            {subject === 'contact' ? 'contacts' : 'accounts'} now
          </Text>
          {!shown.exact && (
            <Text size="sm" c="dimmed">
              Estimated from {shown.checked.toLocaleString('en')} of them, give or take{' '}
              {(shown.margin ?? 0).toLocaleString('en')}.{' '}
              {counted.isError ? readProblem(counted.error).detail : 'The exact count is on its way…'}
            </Text>
          )}
          {shown.sample.length > 0 && (
            <Text size="sm" c="dimmed">
              {shown.sample.map(({ label }) => label).join(', ')}
            </Text>
          )}
        </>
      )}
      {preview.isPending && <Text size="sm">Counting…</Text>}
    </div>
  )
}
