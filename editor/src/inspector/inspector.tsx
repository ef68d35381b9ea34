import { ActionIcon, Group, Select, Stack, Text, Textarea, TextInput, Tooltip } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Copy, Trash2, X } from 'lucide-react'
import { useCallback, useEffect, useMemo, useRef } from 'react'
import type { DocumentStep } from '../../../engine/model/playbook.ts'
import type { Problem } from '../../../engine/model/problem.ts'
import { canFail, type FieldManifest, findStep, type Json, type StepManifest } from '../../../nodes/manifest.ts'
import { StepIcon } from '../canvas/step-icon.tsx'
import { duplicateSteps } from '../document/clipboard.ts'
import {
  dropLostPorts,
  removeSteps,
  renamePort,
  setConnection,
  setInput,
  setLabel,
  setNote,
  setOnFailure,
} from '../document/edit.ts'
import { upstreamData } from '../document/upstream-data.ts'
import { useCatalog } from '../playbook/catalog-context.ts'
import { useDraft, useEditor, useEditorStore } from '../playbook/store.ts'
import { ruleWorld } from '../rules/rule-world.ts'
import { Notice } from '../ui/problem-panel.tsx'
import { Field } from './field.tsx'
import { problemWords } from './field-types.ts'
import './inspector.css'
import { NextSteps } from './next-steps.tsx'
import { PortRenameContext } from './port-rename.ts'
import { RetryField } from './retry-field.tsx'
import { WebhookAddress } from './webhook-address.tsx'

/** The form of one step, drawn from its definition. */
export function Inspector({ step, problems }: { step: DocumentStep; problems: Problem[] }) {
  const { manifest } = useCatalog()
  const definition = findStep(manifest, step.type)
  return (
    <div className="sb-side-body">
      <Head step={step} definition={definition} />
      {definition === undefined ? (
        <Notice tone="bad" title={`There is no step of type ${step.type} here.`}>
          <Text size="sm">Remove it, or update Signalbox to a version that has it.</Text>
        </Notice>
      ) : (
        <Form step={step} definition={definition} problems={problems} />
      )}
      {definition?.kind === 'action' && <RetryField step={step} />}
      {definition !== undefined && canFail(definition) && <OnFailure step={step} />}
      <NextSteps step={step} />
      <Note step={step} />
    </div>
  )
}

function Head({ step, definition }: { step: DocumentStep; definition: StepManifest | undefined }) {
  const { getState } = useEditorStore()
  return (
    <div data-kind={definition?.kind} data-app={definition?.connector ?? undefined}>
      <Group gap="sm" wrap="nowrap" align="flex-start" data-kind={definition?.kind} data-app={definition?.connector}>
        <span className="sb-step-icon">
          <StepIcon name={definition?.icon ?? 'box'} />
        </span>
        <TextInput
          style={{ flex: 1 }}
          label="Name"
          placeholder={definition?.label ?? step.type}
          value={step.label ?? ''}
          onChange={(event) => {
            const label = event.currentTarget.value
            getState().change((document) => setLabel(document, step.id, label), `${step.id}.label`)
          }}
        />
        <Act
          label="Duplicate step"
          icon={Copy}
          onClick={() => {
            const { document, ids } = duplicateSteps(getState().history.present, new Set([step.id]))
            getState().change(() => document)
            getState().select(ids)
          }}
        />
        <Act
          label="Delete step"
          icon={Trash2}
          onClick={() => {
            getState().change((document) => removeSteps(document, [step.id]))
            getState().select([])
          }}
        />
        <Act label="Close" icon={X} onClick={() => getState().select([])} />
      </Group>
      <Text size="xs" c="dimmed" mt={6}>
        {definition?.help} <span className="sb-mono">{step.id}</span>
      </Text>
    </div>
  )
}

function Act({ label, icon: Icon, onClick }: { label: string; icon: typeof X; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="lg" mt={22} aria-label={label} onClick={onClick}>
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  )
}

function Form({ step, definition, problems }: { step: DocumentStep; definition: StepManifest; problems: Problem[] }) {
  const store = useEditorStore()
  const document = useDraft()
  const { manifest, workspace } = useCatalog()
  const groups = useMemo(
    () => upstreamData(document, step.id, { manifest, ...workspace }),
    [document, step.id, manifest, workspace],
  )
  const world = useMemo(() => ruleWorld(workspace, document.subject, groups), [workspace, document.subject, groups])
  const set = useCallback(
    (field: string, value: Json | undefined) =>
      store.getState().change((draft) => {
        const next = setInput(draft, step.id, { field, value })
        return dropLostPorts(next, step.id, manifest)
      }, `${step.id}.${field}`),
    [store, step.id, manifest],
  )
  const rename = useCallback(
    (names: { from: string; to: string }, change: { field: string; value: Json }) =>
      store.getState().change((draft) => setInput(renamePort(draft, step.id, names), step.id, change)),
    [store, step.id],
  )
  const form = useJumpToField(step.id)
  const general = problems.filter(({ field }) => field === null)
  return (
    <PortRenameContext value={rename}>
      <Stack gap="md" ref={form}>
        {general.map((problem) => (
          <Notice
            key={`${problem.code} ${problem.path}`}
            tone={problem.severity === 'error' ? 'bad' : 'warn'}
            title={problem.message}
          >
            <Text size="sm">{problem.fix}</Text>
          </Notice>
        ))}
        {definition.connector !== null && needsConnection(definition.connector, manifest.connectors) && (
          <ConnectionField step={step} app={definition.connector} problems={problems} />
        )}
        {definition.fields
          .filter((field) => isShown(field, step.input))
          .map((field) => (
            <div key={field.name} data-field={field.name}>
              <Field
                field={isNeeded(field) ? { ...field, required: true } : field}
                value={step.input[field.name]}
                onChange={(value) => set(field.name, value)}
                error={problemWords(problems.filter((problem) => problem.field === field.name))}
                groups={groups}
                world={world}
                siblings={step.input}
              />
            </div>
          ))}
        {definition.type === 'trigger.webhook' && <WebhookAddress step={step.id} />}
      </Stack>
    </PortRenameContext>
  )
}

const needsConnection = (app: string, connectors: Array<{ app: string }>): boolean =>
  connectors.some((connector) => connector.app === app)

/** A field bound to a choice shows while that choice is made, and for as long as a value is left in it. */
const isShown = (field: FieldManifest, input: DocumentStep['input']): boolean => {
  if (field.when === undefined) return true
  const chosen = input[field.when.field]
  return (typeof chosen === 'string' && field.when.is.includes(chosen)) || input[field.name] !== undefined
}
const isNeeded = (field: FieldManifest): boolean => field.required || field.when?.required === true

function ConnectionField({ step, app, problems }: { step: DocumentStep; app: string; problems: Problem[] }) {
  const { getState } = useEditorStore()
  const { workspace, manifest } = useCatalog()
  const own = workspace.connections.filter((connection) => connection.app === app)
  const slug = step.connection ?? null
  const data = own.map((one) => ({
    value: one.slug,
    label: one.status === 'paused' ? `${one.name} (paused: reconnect it)` : one.name,
  }))
  const known = slug === null || own.some((one) => one.slug === slug)
  const name = manifest.connectors.find((connector) => connector.app === app)?.label ?? app
  return (
    <div data-field="connection">
      <Select
        label="Connection"
        placeholder={own.length === 0 ? `${name} is not connected yet` : 'Choose a connection'}
        error={problemWords(problems.filter(({ field }) => field === 'connection'))}
        data={known ? data : [...data, { value: slug, label: `${slug} (not there)` }]}
        value={slug}
        onChange={(next) => getState().change((document) => setConnection(document, step.id, next))}
      />
      {own.length === 0 && (
        <Text size="xs" mt={4}>
          <Link to="/connections">Connect {name}</Link>
        </Text>
      )}
    </div>
  )
}

const ON_FAILURE: Array<{ value: NonNullable<DocumentStep['onFailure']>; label: string }> = [
  { value: 'stop', label: 'Stop this path' },
  { value: 'continue', label: 'Go on' },
  { value: 'branch', label: 'Take the error branch' },
]

function OnFailure({ step }: { step: DocumentStep }) {
  const { getState } = useEditorStore()
  const { manifest } = useCatalog()
  return (
    <Select
      label="If it fails"
      description="After all its repeats. Later steps read what went wrong where the run goes on."
      data={ON_FAILURE}
      allowDeselect={false}
      value={step.onFailure ?? 'stop'}
      onChange={(next) => {
        const chosen = ON_FAILURE.find(({ value }) => value === next)
        if (chosen === undefined) return
        getState().change((draft) => dropLostPorts(setOnFailure(draft, step.id, chosen.value), step.id, manifest))
      }}
    />
  )
}

function Note({ step }: { step: DocumentStep }) {
  const { getState } = useEditorStore()
  return (
    <Textarea
      label="Note"
      placeholder="Why this step is here"
      autosize
      minRows={1}
      value={step.note ?? ''}
      onChange={(event) => {
        const note = event.currentTarget.value
        getState().change((document) => setNote(document, step.id, note), `${step.id}.note`)
      }}
    />
  )
}

/** Moves the focus into the field a problem was clicked for. */
function useJumpToField(stepId: string) {
  const form = useRef<HTMLDivElement>(null)
  const jump = useEditor((state) => state.jump)
  useEffect(() => {
    if (jump === null || jump.step !== stepId || jump.field === null) return
    const field = form.current?.querySelector<HTMLElement>(`[data-field="${CSS.escape(jump.field)}"]`)
    field?.scrollIntoView({ block: 'center' })
    field?.querySelector<HTMLElement>('input, textarea, select, button')?.focus()
  }, [jump, stepId])
  return form
}
