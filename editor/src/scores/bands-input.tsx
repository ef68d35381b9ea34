import { Button, Group, NumberInput, Select, Stack, TextInput } from '@mantine/core'
import { Plus } from 'lucide-react'
import { BAND_COLORS, type ScoreBand, type ScoreStage } from '../../../engine/model/score.ts'
import { MOST_BANDS, MOST_STAGES } from '../../../engine/scores/check-score.ts'
import { Remove } from '../rules/remove.tsx'
import { RuleBuilder } from '../rules/rule-builder.tsx'
import type { RuleWorld } from '../rules/rule-model.ts'
import { freshName, nextBand, replaceAt } from './score-draft.ts'

/** The bands of a score, ascending; the first begins at 0. */
export function BandsInput({ bands, onChange }: { bands: ScoreBand[]; onChange: (bands: ScoreBand[]) => void }) {
  return (
    <Stack gap={6}>
      {bands.map((band, index) => (
        // A band has no identity but its place: its name is being written.
        <Group key={index} gap={6} role="group" aria-label={`Band ${band.name}`}>
          <Select
            size="xs"
            w={100}
            aria-label="Colour"
            data={[...BAND_COLORS]}
            value={band.color ?? null}
            placeholder="colour"
            onChange={(color) => color !== null && onChange(replaceAt(bands, index, { ...band, color }))}
          />
          <TextInput
            size="xs"
            style={{ flex: '1 1 120px' }}
            aria-label="Name of the band"
            value={band.name}
            onChange={(event) => onChange(replaceAt(bands, index, { ...band, name: event.currentTarget.value }))}
          />
          <NumberInput
            size="xs"
            w={84}
            min={0}
            max={100}
            hideControls
            prefix="from "
            aria-label="From"
            disabled={index === 0}
            value={band.from}
            onChange={(from) => typeof from === 'number' && onChange(replaceAt(bands, index, { ...band, from }))}
          />
          {index > 0 && (
            <Remove label={`Remove band ${band.name}`} onClick={() => onChange(replaceAt(bands, index, null))} />
          )}
        </Group>
      ))}
      {bands.length < MOST_BANDS && <Add words="Add a band" onClick={() => onChange([...bands, nextBand(bands)])} />}
    </Stack>
  )
}

/** The stages of a score, in order: the first whose rule holds is the one. */
export function StagesInput(props: {
  stages: ScoreStage[]
  onChange: (stages: ScoreStage[]) => void
  world: RuleWorld
}) {
  const { stages, onChange, world } = props
  return (
    <Stack gap={8}>
      {stages.map((stage, index) => (
        <Stack key={index} gap={6} className="sb-rule-group" role="group" aria-label={`Stage ${stage.name}`}>
          <Group gap={6}>
            <TextInput
              size="xs"
              style={{ flex: 1 }}
              aria-label="Name of the stage"
              value={stage.name}
              onChange={(event) => onChange(replaceAt(stages, index, { ...stage, name: event.currentTarget.value }))}
            />
            <Remove label={`Remove stage ${stage.name}`} onClick={() => onChange(replaceAt(stages, index, null))} />
          </Group>
          <RuleBuilder
            label={`Rule of stage ${stage.name}`}
            rule={stage.rule}
            world={world}
            onChange={(rule) => onChange(replaceAt(stages, index, { ...stage, rule }))}
          />
        </Stack>
      ))}
      {stages.length < MOST_STAGES && (
        <Add
          words="Add a stage"
          onClick={() => onChange([...stages, { name: freshName(stages, 'Stage'), rule: { all: [] } }])}
        />
      )}
    </Stack>
  )
}

export function Add({ words, onClick }: { words: string; onClick: () => void }) {
  return (
    <Button
      size="compact-sm"
      variant="subtle"
      leftSection={<Plus size={14} aria-hidden="true" />}
      onClick={onClick}
      style={{ alignSelf: 'flex-start' }}
    >
      {words}
    </Button>
  )
}
