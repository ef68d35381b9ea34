import { ActionIcon, Button, Group, Menu, Tooltip, VisuallyHidden } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import {
  ArrowLeft,
  ArrowRightLeft,
  ChartColumn,
  CircleCheck,
  Ellipsis,
  FlaskConical,
  History,
  Keyboard,
  ListChecks,
  Play,
  Redo2,
  Sparkles,
  Undo2,
} from 'lucide-react'
import { useMemo, useState } from 'react'
import type { Problem } from '../../../engine/model/problem.ts'
import { trpc } from '../api/client.ts'
import type { PlaybookDetail } from '../api/types.ts'
import { changesBetween } from '../document/changes.ts'
import { moveSteps } from '../document/edit.ts'
import { tidy } from '../document/tidy.ts'
import { manualStart } from '../runs/start-data.ts'
import { StartDialog } from '../runs/start-dialog.tsx'
import { failed } from '../ui/toast.ts'
import { useCatalog } from './catalog-context.ts'
import { ConflictNotice } from './conflict-notice.tsx'
import { VersionsDialog } from '../versions/versions-dialog.tsx'
import { PublishDialog } from './publish-dialog.tsx'
import { SaveWords } from './save-words.tsx'
import { ShortcutsDialog } from './shortcuts-dialog.tsx'
import { StatusMenu } from './status-menu.tsx'
import { useDraft, useEditor, useEditorStore } from './store.ts'
import type { Saving } from './use-autosave.ts'

/** Name, state and the few things done with the whole playbook. */
export function TopBar(props: { slug: string; saving: Saving; problems: readonly Problem[] }) {
  const { slug, saving, problems } = props
  const draft = useDraft()
  const [publishing, publish] = useDisclosure(false)
  const [starting, start] = useDisclosure(false)
  const [seesVersions, versions] = useDisclosure(false)
  const { getState } = useEditorStore()
  const playbook = useQuery({ ...trpc.playbooks.get.queryOptions({ slug }), refetchOnWindowFocus: false })
  const live = useLive(slug, playbook.data?.liveVersion ?? null)
  const changes = useMemo(
    () => (live === undefined ? null : changesBetween(live?.document ?? null, draft)),
    [live, draft],
  )
  const version = playbook.data?.liveVersion ?? null
  return (
    <>
      <header className="sb-editor-bar">
        <Tooltip label="All playbooks">
          <ActionIcon
            component={Link}
            to="/playbooks"
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Back to all playbooks"
          >
            <ArrowLeft size={18} />
          </ActionIcon>
        </Tooltip>
        <VisuallyHidden component="h1">{draft.name}</VisuallyHidden>
        <input
          className="sb-name-input"
          aria-label="Name of the playbook"
          value={draft.name}
          onChange={(event) => {
            const name = event.currentTarget.value
            getState().change((document) => ({ ...document, name }), 'name')
          }}
        />
        {playbook.data !== undefined && (
          <StatusMenu slug={slug} status={playbook.data.status} published={version !== null} />
        )}
        <SaveWords state={saving.state} version={version} changes={changes?.length ?? null} />
        <div style={{ flex: 1 }} />
        <HistoryButtons />
        <MoreMenu
          slug={slug}
          versions={playbook.data?.versions ?? []}
          onStart={start.open}
          onVersions={versions.open}
        />
        {(manualStart(draft) ?? (live && manualStart(live.document))) && (
          <Button
            variant="default"
            leftSection={<Play size={16} aria-hidden="true" />}
            className="sb-bar-dry"
            onClick={start.open}
          >
            Start by hand
          </Button>
        )}
        <Button
          variant="default"
          leftSection={<FlaskConical size={16} aria-hidden="true" />}
          className="sb-bar-dry"
          onClick={() => getState().openPanel('dryRun')}
        >
          Dry run
        </Button>
        <Button onClick={publish.open} disabled={changes !== null && changes.length === 0 && version !== null}>
          Publish
        </Button>
      </header>
      {saving.state.kind === 'conflict' && <ConflictNotice saving={saving} />}
      <PublishDialog
        opened={publishing}
        onClose={publish.close}
        slug={slug}
        saving={saving}
        problems={problems}
        changes={changes ?? []}
        live={version}
        onMigration={versions.open}
      />
      {seesVersions && version !== null && <VersionsDialog slug={slug} live={version} onClose={versions.close} />}
      {starting && <StartDialog slug={slug} onClose={start.close} />}
    </>
  )
}

/** What runs now; null for a playbook never published, undefined while it is not known. */
function useLive(slug: string, version: number | null): PlaybookDetail | null | undefined {
  const live = useQuery({
    ...trpc.playbooks.get.queryOptions({ slug, version: version ?? 1 }),
    enabled: version !== null,
    // A published version never changes.
    staleTime: Number.POSITIVE_INFINITY,
  })
  return version === null ? null : live.data
}

function HistoryButtons() {
  const canUndo = useEditor((state) => state.history.past.length > 0)
  const canRedo = useEditor((state) => state.history.future.length > 0)
  const { getState } = useEditorStore()
  return (
    <Group gap={2} wrap="nowrap">
      <Tooltip label="Undo (Ctrl+Z)">
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label="Undo"
          disabled={!canUndo}
          onClick={() => getState().undo()}
        >
          <Undo2 size={17} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Redo (Ctrl+Shift+Z)">
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label="Redo"
          disabled={!canRedo}
          onClick={() => getState().redo()}
        >
          <Redo2 size={17} />
        </ActionIcon>
      </Tooltip>
    </Group>
  )
}

function MoreMenu(props: {
  slug: string
  versions: PlaybookDetail['versions']
  onStart: () => void
  onVersions: () => void
}) {
  const { slug, versions, onStart, onVersions } = props
  const { getState } = useEditorStore()
  const { manifest } = useCatalog()
  const [help, setHelp] = useState(false)
  const tidyUp = async () => {
    try {
      const places = await tidy(getState().history.present, manifest)
      getState().change((document) => moveSteps(document, places))
    } catch (error) {
      failed(error)
    }
  }
  return (
    <>
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="More">
            <Ellipsis size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Sparkles size={15} />} onClick={() => void tidyUp()}>
            Tidy up
          </Menu.Item>
          <Menu.Item leftSection={<Play size={15} />} onClick={onStart}>
            Start by hand
          </Menu.Item>
          <Menu.Item leftSection={<ChartColumn size={15} />} onClick={() => getState().openPanel('backtest')}>
            Backtest
          </Menu.Item>
          <Menu.Item leftSection={<CircleCheck size={15} />} onClick={() => getState().openPanel('tests')}>
            Tests
          </Menu.Item>
          <Menu.Item
            leftSection={<ListChecks size={15} />}
            renderRoot={(root) => <Link {...root} to="/runs" search={{ playbook: slug }} />}
          >
            Runs of this playbook
          </Menu.Item>
          {versions.length > 0 && (
            <Menu.Item leftSection={<ArrowRightLeft size={15} />} onClick={onVersions}>
              Open runs and versions
            </Menu.Item>
          )}
          <Menu.Item leftSection={<Keyboard size={15} />} onClick={() => setHelp(true)}>
            Keyboard shortcuts
          </Menu.Item>
          {versions.length > 0 && (
            <>
              <Menu.Divider />
              <Menu.Label>Published versions</Menu.Label>
              {versions.slice(0, 8).map(({ version, publishedAt }) => (
                <Menu.Item
                  key={version}
                  leftSection={<History size={15} />}
                  renderRoot={(root) => <Link {...root} to="/playbooks/$slug" params={{ slug }} search={{ version }} />}
                >
                  v{version} · {new Date(publishedAt).toLocaleDateString('en', { dateStyle: 'medium' })}
                </Menu.Item>
              ))}
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <ShortcutsDialog opened={help} onClose={() => setHelp(false)} />
    </>
  )
}
