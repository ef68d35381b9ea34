import { Check, Minus } from 'lucide-react'
import type { Trace } from '../../../engine/model/rule.ts'

/** Why a rule is true or false, with the values that were seen. */
export function TraceView({ trace }: { trace: Trace }) {
  const Icon = trace.value ? Check : Minus
  return (
    <div className="sb-trace" data-value={trace.value}>
      <div className="sb-trace-line">
        <Icon size={14} aria-hidden="true" />
        <span>
          <span className="sb-trace-verdict">{trace.value ? 'true' : 'false'}</span> {trace.rule}
          {trace.children === undefined && (
            <span className="sb-trace-found">
              {trace.missing ? ' · nothing there' : trace.actual === undefined ? '' : ` · was ${shown(trace.actual)}`}
              {trace.note !== undefined && ` (${trace.note})`}
            </span>
          )}
        </span>
      </div>
      {trace.children !== undefined && (
        <div className="sb-trace-children">
          {trace.children.map((child, index) => (
            // The children of a rule have no identity but their place.
            // eslint-disable-next-line react/no-array-index-key
            <TraceView key={index} trace={child} />
          ))}
        </div>
      )}
    </div>
  )
}

const shown = (value: unknown): string => (typeof value === 'string' ? `“${value}”` : JSON.stringify(value))
