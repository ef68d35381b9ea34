import { Button, Group, Modal, NumberInput, Select, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { ConnectionSummary } from '../api/types.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'

const WINDOWS = [
  { value: '1000', label: 'second' },
  { value: '10000', label: '10 seconds' },
  { value: '60000', label: 'minute' },
  { value: '3600000', label: 'hour' },
  { value: '86400000', label: 'day' },
]

export function budgetWords(budget: ConnectionSummary['budget']): string {
  if (budget === null) return 'no limit on calls'
  const known = WINDOWS.find(({ value }) => value === String(budget.perMs))
  return `${budget.calls.toLocaleString('en')} calls per ${known?.label ?? `${budget.perMs / 1000} s`}`
}

/** How many calls Signalbox makes at most; the vendor's own limit is shared with everything else that uses it. */
export function BudgetDialog({ row, onClose }: { row: ConnectionSummary; onClose: () => void }) {
  const client = useQueryClient()
  const [calls, setCalls] = useState<number | string>(row.budget?.calls ?? '')
  const [perMs, setPerMs] = useState(String(row.budget?.perMs ?? 10_000))
  const save = useMutation(
    trpc.connections.setBudget.mutationOptions({
      onSuccess: async () => {
        said('The budget is changed.')
        onClose()
        await client.invalidateQueries({ queryKey: trpc.connections.pathKey() })
      },
    }),
  )
  const custom = WINDOWS.some(({ value }) => value === perMs)
    ? WINDOWS
    : [...WINDOWS, { value: perMs, label: `${Number(perMs) / 1000} seconds` }]
  return (
    <Modal opened onClose={onClose} title={`Budget of ${row.name}`}>
      <Stack>
        <Text size="sm">Leave the number empty for no limit of our own. The vendor’s limits hold in any case.</Text>
        <Group grow align="flex-end">
          <NumberInput
            label="Calls"
            min={1}
            max={1_000_000}
            allowDecimal={false}
            value={calls}
            onChange={setCalls}
            data-autofocus
          />
          <Select label="per" data={custom} value={perMs} onChange={(value) => value !== null && setPerMs(value)} />
        </Group>
        {save.isError && <ProblemPanel error={save.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            loading={save.isPending}
            onClick={() =>
              save.mutate({
                id: row.id,
                budget: typeof calls === 'number' ? { calls, perMs: Number(perMs) } : null,
              })
            }
          >
            Save
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
