import { Group, Input, Select, Stack, Text } from '@mantine/core'
import { CornerDownRight } from 'lucide-react'
import type { DocumentStep, PlaybookDocument } from '../../../engine/model/playbook.ts'
import { findStep, type Manifest } from '../../../nodes/manifest.ts'
import { labelOf, portWords } from '../canvas/step-summary.ts'
import { connect, disconnect } from '../document/edit.ts'
import { edgesOf, type PortRef, portsOfStep, stepOf, whyNotConnect } from '../document/graph.ts'
import { useCatalog } from '../playbook/catalog-context.ts'
import { useDraft, useEditorStore } from '../playbook/store.ts'
import { Remove } from '../rules/remove.tsx'

/** Where the step leads, as a list: what wires are on the canvas, for the keyboard and the screen reader. */
export function NextSteps({ step }: { step: DocumentStep }) {
  const document = useDraft()
  const { manifest } = useCatalog()
  const ports = portsOfStep(document, step, manifest)
  if (ports.length === 0)
    return (
      <Text size="sm" c="dimmed">
        The path ends here.
      </Text>
    )
  return (
    <Stack gap={6}>
      <Input.Label labelElement="div">Leads to</Input.Label>
      {ports.map((port) => (
        <PortTargets
          key={port}
          from={{ step: step.id, port }}
          words={portWords(step, findStep(manifest, step.type), port)}
          named={ports.length > 1}
          document={document}
        />
      ))}
    </Stack>
  )
}

function PortTargets(props: { from: PortRef; words: string; named: boolean; document: PlaybookDocument }) {
  const { from, words, named, document } = props
  const { getState } = useEditorStore()
  const { manifest } = useCatalog()
  const edges = edgesOf(document).filter((edge) => edge.from === from.step && edge.port === from.port)
  const targets = document.steps
    .filter((step) => whyNotConnect(document, from, step.id) === null)
    .map((step) => ({ value: step.id, label: `${nameOf(document, manifest, step.id)} (${step.id})` }))
  return (
    <div className="sb-next" role="group" aria-label={named ? `Leads to: ${words}` : 'Next steps'}>
      {named && <span className="sb-port-name">{words}</span>}
      {edges.map((edge) => (
        <Group key={edge.to} gap={6} wrap="nowrap" justify="space-between">
          <Text size="sm" truncate>
            <CornerDownRight size={13} aria-hidden="true" /> {nameOf(document, manifest, edge.to)}
          </Text>
          <Remove
            label={`Disconnect ${nameOf(document, manifest, edge.to)}`}
            onClick={() => getState().change((draft) => disconnect(draft, [edge.index]))}
          />
        </Group>
      ))}
      {edges.length === 0 && targets.length === 0 && (
        <Text size="xs" c="dimmed">
          Nothing yet. Add a step with + on the canvas.
        </Text>
      )}
      {targets.length > 0 && (
        <Select
          size="xs"
          searchable
          placeholder={edges.length === 0 ? 'Connect to a step' : 'Also connect to'}
          aria-label={named ? `Connect ${words} to` : 'Connect to'}
          data={targets}
          value={null}
          onChange={(to) => to !== null && getState().change((draft) => connect(draft, from, to))}
        />
      )}
    </div>
  )
}

function nameOf(document: PlaybookDocument, manifest: Manifest, id: string): string {
  const step = stepOf(document, id)
  return step === undefined ? id : labelOf(step, findStep(manifest, step.type))
}
