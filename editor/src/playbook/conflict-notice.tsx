import { Button, Group, Text } from '@mantine/core'
import { useState } from 'react'
import { Notice } from '../ui/problem-panel.tsx'
import { failed } from '../ui/toast.ts'
import type { Saving } from './use-autosave.ts'

/** Two people, one draft: nothing is overwritten until one of them says so. */
export function ConflictNotice({ saving }: { saving: Saving }) {
  const [busy, setBusy] = useState(false)
  const settle = async (keep: 'mine' | 'theirs') => {
    setBusy(true)
    try {
      await saving.settle(keep)
    } catch (error) {
      failed(error)
    }
    setBusy(false)
  }
  return (
    <div className="sb-conflict">
      <Notice tone="warn" title="Someone else changed this playbook while you did">
        <Text size="sm">Your changes are still here, but not saved. Choose which draft stays.</Text>
        <Group gap="xs" mt="xs">
          <Button size="xs" loading={busy} onClick={() => void settle('theirs')}>
            Load theirs
          </Button>
          <Button size="xs" variant="default" disabled={busy} onClick={() => void settle('mine')}>
            Keep mine and overwrite theirs
          </Button>
        </Group>
      </Notice>
    </div>
  )
}
