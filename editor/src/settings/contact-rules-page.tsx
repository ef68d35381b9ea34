import { Button, Group, NumberInput, Select, Stack, Switch, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { namedZone, WORKSPACE } from '../../../nodes/time-zone.ts'
import { trpc } from '../api/client.ts'
import type { ContactRules } from '../api/types.ts'
import { Remove } from '../rules/remove.tsx'
import { zonesWith } from '../ui/zones.ts'
import { isBetween, limitWords } from '../ui/number-limits.ts'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import { CAP_DAYS, CAP_MOST, HELD_OUT, readRules, type TypedCap, type TypedRules } from './typed-rules.ts'

const NEW_CAP = { channel: 'email' as const, most: 2, days: 7 }

/** How often and when people may be written to, over all playbooks, and who stays out of them. */
export function ContactRulesPage() {
  const session = useQuery(trpc.session.me.queryOptions())
  const rules = useQuery(trpc.contactRules.read.queryOptions())
  return (
    <Page
      title="Reaching people"
      lead="How often and when people may be written to, over all playbooks, and who stays out of them."
    >
      {rules.isPending && <ListSkeleton rows={3} />}
      {rules.isError && <ProblemPanel error={rules.error} retry={() => void rules.refetch()} />}
      {rules.isSuccess && session.isSuccess && (
        <RulesForm
          key={JSON.stringify(rules.data)}
          kept={rules.data}
          zone={session.data.workspace.timeZone}
          isOwner={session.data.role === 'owner'}
        />
      )}
    </Page>
  )
}

function RulesForm({ kept, zone, isOwner }: { kept: ContactRules; zone: string; isOwner: boolean }) {
  const client = useQueryClient()
  const [typed, setTyped] = useState<TypedRules>(kept)
  const rules = readRules(typed)
  const save = useMutation(
    trpc.contactRules.change.mutationOptions({
      onSuccess: async () => {
        said('Saved. What is sent from now on goes by it.')
        await client.invalidateQueries({ queryKey: trpc.contactRules.pathKey() })
      },
    }),
  )
  const changed = JSON.stringify(typed) !== JSON.stringify(kept)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (rules !== null) save.mutate(rules)
      }}
    >
      <fieldset disabled={!isOwner} style={{ border: 0, padding: 0, margin: 0, maxWidth: 680 }}>
        <Stack gap="xl">
          <Caps caps={typed.caps} onChange={(caps) => setTyped({ ...typed, caps })} />
          <Quiet quiet={typed.quiet} zone={zone} onChange={(quiet) => setTyped({ ...typed, quiet })} />
          <section aria-label="Holdout group">
            <Title order={2}>Holdout group</Title>
            <Text size="sm" c="dimmed" mb="sm">
              A share of all contacts, and of all accounts, that enters no playbook, to compare with. Always the same
              ones while the share stays; a playbook can ignore the group.
            </Text>
            <NumberInput
              label="Share held out"
              suffix=" %"
              w={160}
              decimalScale={2}
              clampBehavior="none"
              value={typed.holdoutPercent}
              onChange={(holdoutPercent) => setTyped({ ...typed, holdoutPercent })}
              error={isBetween(typed.holdoutPercent, HELD_OUT) ? undefined : `${limitWords(HELD_OUT)} 0: no group.`}
            />
          </section>
          {save.isError && <ProblemPanel error={save.error} />}
          {isOwner ? (
            <Group>
              <Button type="submit" disabled={!changed || rules === null} loading={save.isPending}>
                Save
              </Button>
              {rules === null && (
                <Text size="sm" c="dimmed" role="status">
                  A number above is missing or too large. What was saved before holds until then.
                </Text>
              )}
            </Group>
          ) : (
            <Text size="sm" c="dimmed">
              Only an owner changes this.
            </Text>
          )}
        </Stack>
      </fieldset>
    </form>
  )
}

function Caps({ caps, onChange }: { caps: TypedCap[]; onChange: (caps: TypedCap[]) => void }) {
  return (
    <section aria-label="How often">
      <Title order={2}>How often</Title>
      <Text size="sm" c="dimmed" mb="sm">
        One person gets no more than this, over all playbooks. A step that would send more is left out: its run goes on
        and says why. Transactional mails are not counted and not held back.
      </Text>
      <Stack gap="sm">
        {caps.length === 0 && <Text size="sm">No limit: every step sends.</Text>}
        {caps.map((cap, index) => {
          const change = (change: Partial<typeof cap>) => onChange(caps.toSpliced(index, 1, { ...cap, ...change }))
          return (
            <Group key={index} gap="xs" align="flex-end" role="group" aria-label={`Limit ${index + 1}`}>
              <NumberInput
                label="E-mails"
                w={120}
                allowDecimal={false}
                clampBehavior="none"
                value={cap.most}
                onChange={(most) => change({ most })}
                error={isBetween(cap.most, CAP_MOST) ? undefined : limitWords(CAP_MOST)}
              />
              <NumberInput
                label="in days"
                w={120}
                allowDecimal={false}
                clampBehavior="none"
                value={cap.days}
                onChange={(days) => change({ days })}
                error={isBetween(cap.days, CAP_DAYS) ? undefined : limitWords(CAP_DAYS)}
              />
              <Remove label={`Remove limit ${index + 1}`} onClick={() => onChange(caps.toSpliced(index, 1))} />
            </Group>
          )
        })}
        <div>
          <Button
            size="compact-sm"
            variant="light"
            leftSection={<Plus size={14} aria-hidden="true" />}
            disabled={caps.length >= 10}
            onClick={() => onChange([...caps, NEW_CAP])}
          >
            Add a limit
          </Button>
        </div>
      </Stack>
    </section>
  )
}

type QuietRule = ContactRules['quiet']

/** That of the workspace is left out. */
const inZone = ({ zone: _zone, ...quiet }: NonNullable<QuietRule>, named: string | null): QuietRule =>
  named === null ? quiet : { ...quiet, zone: named }

function Quiet({ quiet, zone, onChange }: { quiet: QuietRule; zone: string; onChange: (quiet: QuietRule) => void }) {
  return (
    <section aria-label="Quiet hours">
      <Title order={2}>Quiet hours</Title>
      <Text size="sm" c="dimmed" mb="sm">
        Nobody is written to in these hours: a step waits for their end, and is then done.
      </Text>
      <Stack gap="sm">
        <Switch
          label="Keep quiet hours"
          checked={quiet !== null}
          onChange={(event) =>
            onChange(event.currentTarget.checked ? { from: '21:00', to: '08:00', property: null } : null)
          }
        />
        {quiet !== null && (
          <>
            <Group gap="sm" align="flex-end">
              <TextInput
                label="From"
                type="time"
                w={130}
                required
                value={quiet.from}
                onChange={(event) => onChange({ ...quiet, from: event.currentTarget.value })}
              />
              <TextInput
                label="until"
                type="time"
                w={130}
                required
                value={quiet.to}
                onChange={(event) => onChange({ ...quiet, to: event.currentTarget.value })}
              />
              <Select
                label="by the clocks of"
                searchable
                allowDeselect={false}
                data={zonesWith({ named: namedZone(quiet.zone), workspace: zone })}
                value={namedZone(quiet.zone) ?? WORKSPACE}
                onChange={(next) => next !== null && onChange(inZone(quiet, namedZone(next)))}
              />
            </Group>
            <TextInput
              label="Property with a person’s own time zone"
              description="Such as timezone, holding Europe/Berlin. Where it is empty, or no time zone, the one above counts."
              placeholder="timezone"
              value={quiet.property ?? ''}
              onChange={(event) => {
                const property = event.currentTarget.value.trim()
                onChange({ ...quiet, property: property === '' ? null : property })
              }}
            />
          </>
        )}
      </Stack>
    </section>
  )
}
