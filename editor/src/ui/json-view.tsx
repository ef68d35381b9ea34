import { ActionIcon, CopyButton, Tooltip } from '@mantine/core'
import { Check, Copy } from 'lucide-react'

/** A value as readable JSON, with a copy button. Long ones scroll. */
export function JsonView({ value, label, max = 320 }: { value: unknown; label: string; max?: number }) {
  const text = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  return (
    <div style={{ position: 'relative' }}>
      <pre
        className="sb-code"
        style={{ maxHeight: max, overflow: 'auto' }}
        role="region"
        aria-label={label}
        tabIndex={0}
      >
        {text === '' ? '—' : text}
      </pre>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon
              variant="default"
              size="sm"
              aria-label={`Copy ${label}`}
              onClick={copy}
              style={{ position: 'absolute', top: 6, right: 6 }}
            >
              {copied ? <Check size={13} /> : <Copy size={13} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </div>
  )
}
