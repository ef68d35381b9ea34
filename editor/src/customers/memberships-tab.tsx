import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { RadioTower, UsersRound } from 'lucide-react'
import { Empty } from '../ui/empty.tsx'
import { List } from '../ui/list.tsx'
import { ExactTime } from '../ui/time.tsx'
import { TraceView } from '../ui/trace-view.tsx'
import { detailsApi } from './details-api.ts'
import type { CustomerKind } from './table-definition.ts'

/** The segments and signals somebody is in now: since when, and why. */
export function MembershipsTab({ kind, id }: { kind: CustomerKind; id: string }) {
  const memberships = useQuery(detailsApi(kind).memberships.queryOptions({ id }))
  const rows = memberships.data?.data ?? []
  return (
    <List
      query={memberships}
      count={rows.length}
      empty={
        <Empty icon={UsersRound} title="In none now">
          No segment has them, and no signal is set.
        </Empty>
      }
    >
      <div className="sb-card">
        {rows.map((row) => (
          <details key={`${row.kind} ${row.slug}`} className="sb-call">
            <summary>
              {row.kind === 'signal' ? (
                <RadioTower size={15} aria-hidden="true" />
              ) : (
                <UsersRound size={15} aria-hidden="true" />
              )}
              <strong style={{ flex: 1 }}>{row.name}</strong>
              <Text size="xs" c="dimmed" component="span">
                {row.kind === 'signal' ? 'set' : 'in it'} since <ExactTime when={row.since} />
              </Text>
            </summary>
            <div style={{ padding: '4px 16px 16px' }}>
              {row.why === null ? (
                <Text size="sm" c="dimmed">
                  They were in it when it was made: nothing has turned since.
                </Text>
              ) : (
                <TraceView trace={row.why} />
              )}
              <Text size="sm" mt="xs">
                <Link to={row.kind === 'signal' ? '/signals/$slug' : '/segments/$slug'} params={{ slug: row.slug }}>
                  Open the {row.kind}
                </Link>
              </Text>
            </div>
          </details>
        ))}
      </div>
    </List>
  )
}
