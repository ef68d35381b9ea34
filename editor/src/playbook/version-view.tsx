import { ActionIcon, Button, Text, Title, Tooltip } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { findStep } from '../../../nodes/manifest.ts'
import type { PlaybookDetail } from '../api/types.ts'
import { Canvas } from '../canvas/canvas.tsx'
import { labelOf } from '../canvas/step-summary.ts'
import { stepOf } from '../document/graph.ts'
import { JsonView } from '../ui/json-view.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { fullTime } from '../ui/time.tsx'
import { useCatalog } from './catalog-context.ts'
import { usePlaces } from './use-places.ts'

const NONE = new Map<string, never>()
const NO_EDGES = new Set<number>()

/** A published version, frozen, to look at. */
export function VersionView({ playbook, version }: { playbook: PlaybookDetail; version: number }) {
  const { manifest } = useCatalog()
  const { document } = playbook
  const places = usePlaces(document)
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set())
  const [first] = selection
  const step = first === undefined ? undefined : stepOf(document, first)
  const published = playbook.versions.find((one) => one.version === version)
  return (
    <div className="sb-editor">
      <header className="sb-editor-bar">
        <Tooltip label="To the draft">
          <ActionIcon
            component={Link}
            to={`/playbooks/${playbook.slug}`}
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Back to the draft"
          >
            <ArrowLeft size={18} />
          </ActionIcon>
        </Tooltip>
        <Title order={1} size="h3">
          {playbook.name}
        </Title>
        <StatusBadge status="on" words={`Version ${version}${playbook.liveVersion === version ? ', live' : ''}`} />
        <Text size="sm" c="dimmed">
          {published !== undefined && `Published ${fullTime(published.publishedAt)} by ${published.publishedBy}`}
        </Text>
        <div style={{ flex: 1 }} />
        <Button component={Link} to={`/playbooks/${playbook.slug}`} variant="default">
          Edit the draft
        </Button>
      </header>
      <div className="sb-editor-main">
        <div className="sb-editor-stage">
          <div className="sb-editor-canvas">
            {places !== null && (
              <Canvas
                label={`Version ${version}`}
                document={document}
                manifest={manifest}
                places={places}
                problems={NONE}
                marks={NONE}
                taken={null}
                editing={null}
                selection={selection}
                selectedEdges={NO_EDGES}
                onSelect={(ids) => setSelection(new Set(ids.slice(-1)))}
              />
            )}
          </div>
        </div>
        {step !== undefined && (
          <aside className="sb-side" data-front="true" aria-label="Step">
            <div className="sb-side-body">
              <Title order={2}>{labelOf(step, findStep(manifest, step.type))}</Title>
              <JsonView label="step" value={step} max={600} />
            </div>
          </aside>
        )}
      </div>
    </div>
  )
}
