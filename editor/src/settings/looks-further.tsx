import { Alert, List, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Retention } from '../api/types.ts'
import { counted } from '../ui/counted.ts'

type Further = Retention['looksFurther'][number]

/** What would be wrong in silence: conditions over days of which no events are left. */
export function LooksFurther({ retention: { keepEventsDays, looksFurther } }: { retention: Retention }) {
  if (looksFurther.length === 0) return null
  const furthest = Math.max(...looksFurther.map(({ days }) => days))
  return (
    <Alert color="orange" variant="light" mt="sm">
      <Text fw={600} size="sm">
        {looksFurther.length === 1 ? 'One looks' : `${looksFurther.length} look`} further back than{' '}
        {counted(keepEventsDays, 'day')}
      </Text>
      With older events deleted they see only what is left: “not in {counted(furthest, 'day')}” then holds for whoever
      has not in {counted(keepEventsDays, 'day')}. Shorten them, or keep events for longer.
      <List size="sm" mt="xs">
        {looksFurther.map((one) => (
          <List.Item key={`${one.kind} ${one.slug}`}>
            {WORDS[one.kind]}{' '}
            <Link to={PAGES[one.kind]} params={{ slug: one.slug }}>
              {one.name}
            </Link>{' '}
            looks {counted(one.days, 'day')} back
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}

const WORDS: { [kind in Further['kind']]: string } = {
  segment: 'Segment',
  signal: 'Signal',
  score: 'Score',
  computed: 'Computed property',
  playbook: 'Playbook',
}
const PAGES = {
  segment: '/segments/$slug',
  signal: '/signals/$slug',
  score: '/scores/$slug',
  computed: '/computed-properties/$slug',
  playbook: '/playbooks/$slug',
} as const satisfies { [kind in Further['kind']]: string }
