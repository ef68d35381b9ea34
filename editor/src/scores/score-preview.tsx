import { Group, Loader, Select, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ScoreDefinition } from '../../../engine/model/score.ts'
import { checkScore } from '../../../engine/scores/check-score.ts'
import { trpc } from '../api/client.ts'
import { readProblem } from '../api/problem.ts'
import { BandName } from './band.tsx'
import { BandBar } from './distribution.tsx'
import { PartsList } from './parts-list.tsx'

/** What a score would be for some, while it is built. */
export function ScorePreview({ subject, definition }: { subject: 'contact' | 'account'; definition: ScoreDefinition }) {
  const [settled] = useDebouncedValue(definition, 400)
  const [shown, show] = useState<string | null>(null)
  const [issue] = checkScore(settled)
  const preview = useQuery({
    ...trpc.scores.preview.queryOptions({ subject, definition: settled }),
    enabled: issue === undefined,
    placeholderData: (old) => old,
  })
  if (issue !== undefined)
    return (
      <Text size="sm" c="dimmed" role="status">
        {placeWords(issue.path)}
        {issue.message}
      </Text>
    )
  if (preview.isError)
    return (
      <Text size="sm" role="status">
        {readProblem(preview.error).detail}
      </Text>
    )
  if (preview.isPending) return <Loader size="sm" aria-label="Working it out" />
  const { checked, bands, sample } = preview.data
  const one = sample.find((each) => each.subject.id === shown) ?? sample[0]
  return (
    <Stack gap="sm">
      <Text size="sm" fw={600} role="status">
        The {checked.toLocaleString('en')} {subject === 'contact' ? 'contacts' : 'accounts'} that changed last
      </Text>
      <BandBar bands={bands} />
      {one !== undefined && (
        <>
          <Select
            size="xs"
            label="For example"
            data={sample.map((each) => ({ value: each.subject.id, label: each.subject.label }))}
            value={one.subject.id}
            allowDeselect={false}
            onChange={show}
          />
          <Group gap="md" align="baseline">
            <Text fz={28} fw={700} lh={1}>
              {one.value ?? '–'}
            </Text>
            <Text size="sm">
              <BandName bands={bands} name={one.band} />
            </Text>
            {one.stage !== null && <Text size="sm">{one.stage}</Text>}
          </Group>
          <PartsList parts={one.parts} />
        </>
      )}
    </Stack>
  )
}

/** `parts.0.measure.of.event` → `Part 1: `. */
function placeWords(path: string): string {
  const [list, index] = path.split('.')
  if (index === undefined || !/^\d+$/.test(index)) return ''
  const word = list === 'parts' ? 'Part' : list === 'bands' ? 'Band' : 'Stage'
  return `${word} ${Number(index) + 1}: `
}
