import { List, Select, Stack, Text, TextInput } from '@mantine/core'
import type { PublishPreview } from '../api/types.ts'
import { counted } from '../ui/counted.ts'
import { Notice } from '../ui/problem-panel.tsx'
import { changeWords, type Gone, goneSteps, type Move, type Moves, unsaid } from './go-over.ts'

const OUT = ' out'

/** Where open runs wait, and what becomes of those whose step is gone. */
export function GoOverForm(props: { preview: PublishPreview; moves: Moves; onMoves: (moves: Moves) => void }) {
  const { preview, moves, onMoves } = props
  const gone = goneSteps(preview)
  const left = unsaid(gone, moves)
  const set = (step: string, move: Move | null) => {
    const { [step]: _before, ...others } = moves
    onMoves(move === null ? others : { ...others, [step]: move })
  }
  return (
    <Stack gap="sm">
      <List size="sm" spacing={4}>
        {preview.waits.map(({ step, label, version, runs, change }) => (
          <List.Item key={`${version} ${step}`}>
            {counted(runs, 'run')} of version {version} at “{label}”: {changeWords(change)}.
          </List.Item>
        ))}
      </List>
      {gone.map((one) => (
        <MoveField key={one.step} gone={one} move={moves[one.step] ?? null} onMove={(move) => set(one.step, move)} />
      ))}
      {left > 0 && (
        <Notice
          tone="warn"
          title={`${counted(left, 'run')} ${left === 1 ? 'stays' : 'stay'} on the version ${left === 1 ? 'it is' : 'they are'} on`}
        >
          <Text size="sm">Say above what becomes of them, or leave it: the list of runs will name them.</Text>
        </Notice>
      )}
      {preview.warnings.map((warning) => (
        <Notice key={warning} tone="warn" title={warning} />
      ))}
      <Text size="sm" c="dimmed">
        A wait that has begun keeps its end, also where the new version waits longer or shorter. What a run has passed
        is not done again, and new steps before the place where it is are passed by.
      </Text>
    </Stack>
  )
}

function MoveField({ gone, move, onMove }: { gone: Gone; move: Move | null; onMove: (move: Move | null) => void }) {
  const { label, runs, targets } = gone
  const value = move === null ? null : 'to' in move ? move.to : OUT
  return (
    <div>
      <Select
        label={`“${label}” is gone: ${counted(runs, 'run')} that ${runs === 1 ? 'waits' : 'wait'} there`}
        placeholder="Stay on the version they are on"
        clearable
        value={value}
        data={[
          { group: 'Go on at', items: targets.map((target) => ({ value: target.step, label: target.label })) },
          { group: 'Or', items: [{ value: OUT, label: 'Leave the playbook, with a reason' }] },
        ]}
        onChange={(chosen) => onMove(chosen === null ? null : chosen === OUT ? { exit: '' } : { to: chosen })}
      />
      {move !== null && 'exit' in move && (
        <TextInput
          mt={6}
          label="Reason, shown on each run"
          value={move.exit}
          maxLength={200}
          onChange={(event) => onMove({ exit: event.currentTarget.value })}
        />
      )}
    </div>
  )
}
