import { Button, Group, List, Modal, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Problem } from '../../../engine/model/problem.ts'
import { trpc } from '../api/client.ts'
import type { Change } from '../document/changes.ts'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import type { SaveState } from './autosave.ts'
import { ExistingMembers } from './existing-members.tsx'
import { saidMoves } from '../versions/go-over.ts'
import { OpenRuns, type OpenRunsChoice } from '../versions/open-runs-choice.tsx'
import { useEditorStore } from './store.ts'
import type { Saving } from './use-autosave.ts'

const SHOWN = 8
const VERBS = { added: 'Adds', removed: 'Removes', changed: 'Changes' } as const

interface Publishing {
  onClose: () => void
  slug: string
  saving: Saving
  problems: readonly Problem[]
  changes: readonly Change[]
  live: number | null
  /** Open runs have begun to go over to what was published. */
  onMigration: () => void
}

/** Says what publishing does, or why it is not possible, and does it. What was said at the time before is forgotten. */
export const PublishDialog = ({ opened, ...publishing }: Publishing & { opened: boolean }) =>
  opened ? <Opened {...publishing} /> : null

function Opened({ onClose, slug, saving, problems, changes, live, onMigration }: Publishing) {
  const { getState } = useEditorStore()
  const client = useQueryClient()
  const errors = problems.filter(({ severity }) => severity === 'error')
  const publish = useMutation(
    trpc.playbooks.publish.mutationOptions({
      onSuccess: async ({ version, migration }) => {
        await Promise.all([
          client.invalidateQueries({ queryKey: trpc.playbooks.pathKey() }),
          client.invalidateQueries({ queryKey: trpc.migrations.pathKey() }),
        ])
        said(`Published as version ${version}. New runs use it from now on.`)
        if (migration) onMigration()
        onClose()
      },
    }),
  )
  const [saves, setSaves] = useState(false)
  const [choice, setChoice] = useState<OpenRunsChoice>(null)
  const go = async () => {
    publish.reset()
    setSaves(true)
    const revision = await saving.flush()
    setSaves(false)
    // What is published is what stands here, not what someone else saved a moment ago.
    if (revision !== null)
      publish.mutate({ slug, revision, ...(choice && { openRuns: { moves: saidMoves(choice.moves) } }) })
  }
  const unsaved = whyUnsaved(saving.state)
  // Where runs go is worked out from the draft as it is stored.
  const saved = saving.state.kind === 'saved'
  const busy = saves || publish.isPending
  const close = () => {
    if (!busy) onClose()
  }
  return (
    <Modal
      opened
      onClose={close}
      closeButtonProps={{ 'aria-label': 'Close', disabled: busy }}
      title={errors.length > 0 ? 'Not ready to publish' : 'Publish'}
      size="lg"
    >
      <Stack gap="md">
        {errors.length > 0 ? (
          <Errors
            errors={errors}
            onJump={(problem) => {
              onClose()
              getState().jumpTo(problem.step, problem.field)
            }}
          />
        ) : (
          <>
            <Summary changes={changes} live={live} warnings={problems.length} />
            <ExistingMembers shows="publishing" />
            {live !== null && saved && <OpenRuns slug={slug} choice={choice} onChoice={setChoice} />}
          </>
        )}
        {publish.isError && <ProblemPanel error={publish.error} />}
        {unsaved !== null && (
          <Notice tone="bad" title="The draft could not be saved">
            {unsaved}
          </Notice>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" disabled={busy} onClick={close}>
            {errors.length > 0 ? 'Close' : 'Cancel'}
          </Button>
          {errors.length === 0 && (
            <Button data-autofocus loading={busy} onClick={() => void go()}>
              {live === null ? 'Publish and turn on' : `Publish version ${live + 1}`}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}

function whyUnsaved(state: SaveState): string | null {
  if (state.kind === 'failed') return state.problem.detail
  if (state.kind !== 'conflict') return null
  return 'Someone else changed this playbook meanwhile. Close this, say whose draft stays, then publish.'
}

function Errors({ errors, onJump }: { errors: readonly Problem[]; onJump: (problem: Problem) => void }) {
  return (
    <>
      <Text>{errors.length === 1 ? 'One problem has' : `${errors.length} problems have`} to be solved first.</Text>
      <List spacing={6} size="sm">
        {errors.slice(0, SHOWN).map((problem) => (
          <List.Item key={`${problem.code} ${problem.path}`}>
            <button type="button" className="sb-link-button" onClick={() => onJump(problem)}>
              {problem.message}
            </button>{' '}
            {problem.fix}
          </List.Item>
        ))}
        {errors.length > SHOWN && <List.Item>and {errors.length - SHOWN} more</List.Item>}
      </List>
    </>
  )
}

function Summary({ changes, live, warnings }: { changes: readonly Change[]; live: number | null; warnings: number }) {
  return (
    <>
      <Text>
        {live === null
          ? 'This freezes the draft as version 1 and turns the playbook on: from then on its triggers start runs.'
          : `This freezes the draft as version ${live + 1}. New runs use it.`}
      </Text>
      {live !== null && (
        <List size="sm" spacing={4}>
          {changes.slice(0, SHOWN).map(({ kind, what }) => (
            <List.Item key={`${kind} ${what}`}>
              {VERBS[kind]}: {what}
            </List.Item>
          ))}
          {changes.length > SHOWN && <List.Item>and {changes.length - SHOWN} more</List.Item>}
        </List>
      )}
      {warnings > 0 && (
        <Notice tone="warn" title={warnings === 1 ? 'There is 1 warning' : `There are ${warnings} warnings`}>
          <Text size="sm">They do not keep you from publishing; the problems list has them.</Text>
        </Notice>
      )}
    </>
  )
}
