import { Text } from '@mantine/core'
import type { Trace } from '../../../engine/model/rule.ts'
import type { Json } from '../../../nodes/manifest.ts'
import { TraceView } from '../ui/trace-view.tsx'

export interface PartShown {
  name: string
  weight: number
  /** 0 to 1; null: left out. */
  marks: number | null
  actual: Json
  why: Trace
}

/** What each part of a score gave, with what it saw: opened, the whole trace. */
export function PartsList({ parts }: { parts: readonly PartShown[] }) {
  return (
    <div>
      {parts.map(({ name, weight, marks, actual, why }) => (
        <details key={name} className="sb-call">
          <summary>
            <span style={{ flex: 1 }}>
              {name}{' '}
              <Text span size="xs" c="dimmed">
                weight {weight} · {seen(actual, why)}
              </Text>
            </span>
            <span
              aria-hidden="true"
              style={{ width: 70, height: 6, borderRadius: 6, background: 'var(--mantine-color-default-border)' }}
            >
              <span
                style={{
                  display: 'block',
                  height: 6,
                  borderRadius: 6,
                  width: `${100 * (marks ?? 0)}%`,
                  background: 'var(--mantine-primary-color-filled)',
                }}
              />
            </span>
            <Text span size="xs" w={78} ta="right">
              {marks === null ? 'left out' : `${Math.round(marks * 100)} of 100`}
            </Text>
          </summary>
          <div style={{ padding: '2px 16px 12px' }}>
            <TraceView trace={why} />
          </div>
        </details>
      ))}
    </div>
  )
}

function seen(actual: Json, why: Trace): string {
  if (why.missing === true) return 'nothing there'
  if (actual === true) return 'holds'
  if (actual === false) return 'does not hold'
  return `was ${typeof actual === 'number' ? Math.round(actual * 100) / 100 : JSON.stringify(actual)}`
}
