import { VisuallyHidden } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Check, EyeOff, X } from 'lucide-react'
import type { WhyNode } from '../../../api/why/why-node.ts'
import { ExactTime } from '../ui/time.tsx'
import { Said } from './said.tsx'
import './why.css'

const GROUPS: { [kind: string]: string } = { all: 'All of these', any: 'Any of these', not: 'Not this' }

/** Every part of an answer: whether it held, what was found, who wrote that and since when, and what would turn it. */
export function WhyTree({ node }: { node: WhyNode }) {
  return (
    <ul className="sb-why-tree">
      <Part node={node} />
    </ul>
  )
}

function Part({ node }: { node: WhyNode }) {
  const { value, children = [] } = node
  const Icon = node.hidden === true ? EyeOff : value ? Check : X
  return (
    <li className="sb-why-part" data-value={value}>
      <div className="sb-why-line">
        <span className="sb-why-mark">
          <Icon size={14} aria-hidden="true" />
          <VisuallyHidden>{value ? 'Yes:' : 'No:'}</VisuallyHidden>
        </span>
        <div className="sb-why-said">
          {node.subject !== undefined && (
            <Link
              to={node.subject.kind === 'contact' ? '/contacts/$id' : '/accounts/$id'}
              params={{ id: node.subject.id }}
            >
              {node.subject.label}
            </Link>
          )}
          <div className="sb-why-asked">{GROUPS[node.kind] ?? node.words}</div>
          {node.found !== null && (
            <div className="sb-why-found">
              <Said words={node.found} />
              {node.note !== undefined && node.kind === 'property' && <span> ({node.note})</span>}
            </div>
          )}
          <Origin node={node} />
          <Window node={node} />
          <Turns node={node} />
        </div>
      </div>
      {children.length > 0 && (
        <ul className="sb-why-tree">
          {children.map((child, index) => (
            // The parts of a rule have no identity but their place.
            <Part key={index} node={child} />
          ))}
        </ul>
      )}
    </li>
  )
}

function Origin({ node: { since, source, validUntil, children } }: { node: WhyNode }) {
  const isLeaf = children === undefined
  if (source === null && (validUntil === null || !isLeaf)) return null
  return (
    <div className="sb-why-origin">
      {since !== null && (
        <span>
          since <ExactTime when={since} />
        </span>
      )}
      {source !== null && (
        <span title={source.messageId}>
          <Said words={source.words} />
        </span>
      )}
      {isLeaf && validUntil !== null && (
        <span>
          stands until <ExactTime when={validUntil} />
        </span>
      )}
    </div>
  )
}

function Window({ node: { window } }: { node: WhyNode }) {
  if (window === null) return null
  const { from, until, count, newest } = window
  return (
    <details className="sb-why-window">
      <summary>
        {count.toLocaleString('en')} {count === 1 ? 'event' : 'events'}
        {from === null ? ' up to ' : ' from '}
        {from !== null && (
          <>
            <ExactTime when={from} /> to{' '}
          </>
        )}
        <ExactTime when={until} />
      </summary>
      {newest.length === 0 ? (
        <p>None.</p>
      ) : (
        <ol aria-label="The newest">
          {newest.map((event) => (
            <li key={event.seq}>
              <ExactTime when={event.at} /> <span className="sb-mono">{event.messageId}</span>
            </li>
          ))}
        </ol>
      )}
    </details>
  )
}

function Turns({ node: { flips } }: { node: WhyNode }) {
  if (flips.length === 0) return null
  return (
    <div className="sb-why-origin">
      {flips.map((words) => (
        <span key={words}>
          <Said words={words} />
        </span>
      ))}
    </div>
  )
}
