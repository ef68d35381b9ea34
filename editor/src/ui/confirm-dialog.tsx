import { Button, Group, Modal, NumberInput, Stack, TextInput } from '@mantine/core'
import { type QueryKey, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { PACE_WORDS, readPace } from './pace.ts'
import { ProblemPanel } from './problem-panel.tsx'
import { said } from './toast.ts'

/** What was said with the yes. */
export interface Given {
  /** Without spaces around it; undefined where none was given. */
  reason: string | undefined
  /** null: as many as may be. */
  perSecond: number | null
}

/**
 * Asks before something is done, and stays until it is done: a refusal is shown, and can be answered by another try.
 * Mount it only while it is open, so that it begins anew each time.
 */
export function ConfirmDialog(props: {
  title: string
  /** What will happen, in plain words; fields of its own too. */
  children?: ReactNode
  /** Words of the button that leaves everything as it is. */
  keep: string
  /** Words of the button that does it. */
  go: string
  danger?: boolean
  /** Whether all that the children ask for was given. */
  ready?: boolean
  size?: 'lg'
  reason?: { placeholder: string; required?: boolean }
  /** Asks how many runs a second. */
  pace?: { description: string }
  /** What it does: a mutation. */
  call: { isPending: boolean; error: unknown }
  onGo: (given: Given) => void
  /** Never called while the call is under way: what it comes to would not be seen. */
  onClose: () => void
}) {
  const { call, danger = false, ready = true } = props
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState<number | string>('')
  const perSecond = readPace(typed)
  const given = reason.trim() === '' ? undefined : reason.trim()
  const lacks = !ready || perSecond === undefined || (props.reason?.required === true && given === undefined)
  const close = () => {
    if (!call.isPending) props.onClose()
  }
  return (
    <Modal
      opened
      onClose={close}
      title={props.title}
      closeButtonProps={{ 'aria-label': 'Close', disabled: call.isPending }}
      {...(props.size && { size: props.size })}
    >
      <Stack>
        {props.children}
        {props.reason && (
          <TextInput
            label="Reason"
            placeholder={props.reason.placeholder}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            data-autofocus
          />
        )}
        {props.pace && (
          <NumberInput
            label="Runs a second"
            description={props.pace.description}
            clampBehavior="none"
            value={typed}
            onChange={setTyped}
            error={perSecond === undefined && PACE_WORDS}
          />
        )}
        {call.error !== null && <ProblemPanel error={call.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" disabled={call.isPending} onClick={close}>
            {props.keep}
          </Button>
          <Button
            {...(danger && { color: 'red' })}
            disabled={lacks}
            loading={call.isPending}
            onClick={() => perSecond !== undefined && props.onGo({ reason: given, perSecond })}
          >
            {props.go}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/**
 * What follows when a dialog has done its work: it says so, closes, and what shows it is asked for again.
 * @param words of what was done; may tell of the answer
 */
export function useDone<Answer>(
  queryKey: QueryKey,
  words: string | ((answer: Answer) => string),
  onClose: () => void,
): { onSuccess: (answer: Answer) => Promise<void> } {
  const client = useQueryClient()
  return {
    onSuccess: async (answer) => {
      said(typeof words === 'string' ? words : words(answer))
      onClose()
      await client.invalidateQueries({ queryKey })
    },
  }
}
