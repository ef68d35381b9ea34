import { Group, Loader, Modal, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { trpc } from '../api/client.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { BandName } from './band.tsx'
import { PartsList } from './parts-list.tsx'
import { ScoreChart } from './score-chart.tsx'

/** One subject's score now, what each part gave, and how it came there. */
export function SubjectScore(props: { slug: string; subject: { id: string; label: string }; onClose: () => void }) {
  const { slug, subject, onClose } = props
  const history = useQuery(trpc.scores.history.queryOptions({ slug, subject: subject.id }))
  return (
    <Modal opened onClose={onClose} size="xl" title={subject.label}>
      {history.isPending && <Loader aria-label="Loading" />}
      {history.isError && <ProblemPanel error={history.error} />}
      {history.isSuccess && (
        <>
          <Group gap="md" align="baseline" mb="sm">
            <Text fz={32} fw={700} lh={1}>
              {history.data.value ?? '–'}
            </Text>
            <BandName bands={history.data.bands} name={history.data.band} />
            {history.data.stage !== null && <Text>{history.data.stage}</Text>}
            {history.data.change30Days !== null && (
              <Text size="sm" c="dimmed">
                {history.data.change30Days > 0 ? '+' : ''}
                {history.data.change30Days} in 30 days
              </Text>
            )}
          </Group>
          <ScoreChart
            points={history.data.points}
            bands={history.data.bands}
            label={`${history.data.name} of ${subject.label}`}
          />
          <Text fw={600} mt="md" mb={4}>
            What each part gives
          </Text>
          <PartsList parts={history.data.parts} />
        </>
      )}
    </Modal>
  )
}
