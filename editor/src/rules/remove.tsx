import { ActionIcon, Tooltip } from '@mantine/core'
import { Trash2 } from 'lucide-react'

export function Remove({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="md" aria-label={label} onClick={onClick}>
        <Trash2 size={15} />
      </ActionIcon>
    </Tooltip>
  )
}
