import { Text, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { History } from 'lucide-react'
import type { AudienceView } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { List, pacedBy } from '../ui/list.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { TraceView } from '../ui/trace-view.tsx'
import { apiOf, type AudienceKind } from './audience-kind.ts'
import { SubjectLink } from './subject-link.tsx'

/** What turned it, the newest first, each with its cause in words and why. */
export function AudienceEdges({ kind, view }: { kind: AudienceKind; view: AudienceView }) {
  const edges = useInfiniteQuery(
    apiOf(kind).edges.infiniteQueryOptions(
      { slug: view.slug },
      { getNextPageParam: (page) => page.nextCursor, refetchInterval: pacedBy(5_000) },
    ),
  )
  const found = edges.data?.pages.flatMap((page) => page.data) ?? []
  const rows = [...new Map(found.map((edge) => [edge.id, edge])).values()]
  return (
    <>
      <Title order={2} mt="xl" mb="sm">
        What changed lately, and why
      </Title>
      <List
        query={edges}
        count={rows.length}
        more="Show older changes"
        empty={
          <Empty icon={History} title="Nothing yet">
            Who enters or leaves from now on stands here, with what caused it.
          </Empty>
        }
      >
        <div className="sb-card">
          {rows.map((edge) => (
            <details key={edge.id} className="sb-call">
              <summary>
                <StatusBadge
                  status={edge.edge === 'set' || edge.edge === 'entered' ? 'done' : 'skipped'}
                  words={edge.edge}
                />
                <span>{edge.subject.label}</span>
                <Text size="sm" c="dimmed" component="span" style={{ flex: 1, minWidth: 0 }} truncate>
                  {edge.by.words}
                </Text>
                <Text size="xs" c="dimmed" component="span">
                  <Ago when={edge.at} />
                </Text>
              </summary>
              <div style={{ padding: '4px 16px 16px' }}>
                <TraceView trace={edge.why} />
                <Text size="sm" mt="xs">
                  <SubjectLink subject={edge.subject} />
                </Text>
              </div>
            </details>
          ))}
        </div>
      </List>
    </>
  )
}
