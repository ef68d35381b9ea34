import { Kbd, Modal, Table } from '@mantine/core'

const SHORTCUTS: Array<[keys: string, what: string]> = [
  ['Arrows', 'Walk from step to step on the canvas'],
  ['Enter', 'Open the step: the focus goes into its form'],
  ['Escape', 'From the form back to the step; there: choose nothing'],
  ['A', 'Add a step after the chosen one'],
  ['Alt + arrows', 'Move the step'],
  ['Ctrl + Z', 'Undo'],
  ['Ctrl + Shift + Z', 'Redo'],
  ['Ctrl + C, X, V', 'Copy, cut, paste steps, also into another playbook'],
  ['Ctrl + D', 'Duplicate'],
  ['Ctrl + A', 'Choose all steps'],
  ['Delete', 'Remove what is chosen'],
  ['Ctrl + S', 'Save now'],
]

export function ShortcutsDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts">
      <Table withRowBorders={false} verticalSpacing={5}>
        <Table.Tbody>
          {SHORTCUTS.map(([keys, what]) => (
            <Table.Tr key={keys}>
              <Table.Td w={150}>
                <Kbd>{keys}</Kbd>
              </Table.Td>
              <Table.Td>{what}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  )
}
