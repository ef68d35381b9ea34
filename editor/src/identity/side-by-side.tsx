import { Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { ComparedContact, Comparison } from '../api/types.ts'
import { SubjectLink } from '../audiences/subject-link.tsx'
import { NameCell } from '../customers/name-cell.tsx'
import { ValueText } from '../customers/value-text.tsx'
import { Ago } from '../ui/time.tsx'
import { counted } from '../ui/counted.ts'
import { IDENTITY_WORDS } from './identity-words.ts'
import './identity.css'

/** Two contacts beside each other: what each has, and where they differ. The first is who would stay. */
export function SideBySide({ comparison }: { comparison: Comparison }) {
  const { contacts, differ, takes, same } = comparison
  const [first, second] = contacts
  const row = (title: string, cell: (contact: ComparedContact) => ReactNode) => (
    <tr key={title}>
      <th scope="row">{title}</th>
      <td>{cell(first)}</td>
      <td>{cell(second)}</td>
    </tr>
  )
  return (
    <div className="sb-scroll-x">
      <table className="sb-compare" aria-label={`${first.label} and ${second.label}`}>
        <thead>
          <tr>
            <td />
            <th scope="col">
              <div className="sb-compare-who">
                <NameCell subject={first} />
                <span className="sb-chip">would stay</span>
              </div>
            </th>
            <th scope="col">
              <NameCell subject={second} />
            </th>
          </tr>
        </thead>
        <tbody>
          {row('Known by', (contact) => (
            <Identities contact={contact} />
          ))}
          {row('Accounts', ({ accounts }) =>
            accounts.length === 0 ? <None /> : accounts.map((one) => <SubjectLink key={one.id} subject={one} />),
          )}
          {row('Last seen', ({ lastSeenAt }) =>
            lastSeenAt === null ? <None words="never" /> : <Ago when={lastSeenAt} />,
          )}
          {row('Known since', ({ createdAt }) => (
            <Ago when={createdAt} />
          ))}
          {row('Open runs', (contact) => (
            <OpenRuns contact={contact} />
          ))}
          {[...differ, ...takes]
            .sort()
            .map((name) => row(name, ({ properties }) => <ValueText value={properties[name] ?? null} />))}
        </tbody>
      </table>
      {same > 0 && (
        <Text size="xs" c="dimmed" px={14} py={8}>
          {counted(same, 'property is', 'properties are')} the same.
        </Text>
      )}
    </div>
  )
}

const None = ({ words = 'none' }: { words?: string }) => <span className="sb-nothing">{words}</span>

function Identities({ contact: { identities } }: { contact: ComparedContact }) {
  if (identities.length === 0) return <None />
  return (
    <ul className="sb-compare-list">
      {identities.map(({ kind, value }) => (
        <li key={`${kind} ${value}`}>
          <span className="sb-nothing">{IDENTITY_WORDS[kind] ?? kind}</span> <span className="sb-mono">{value}</span>
        </li>
      ))}
    </ul>
  )
}

function OpenRuns({ contact: { openRuns } }: { contact: ComparedContact }) {
  if (openRuns.length === 0) return <None />
  return (
    <ul className="sb-compare-list">
      {openRuns.map(({ id, playbook }) => (
        <li key={id}>
          <Link to="/runs/$id" params={{ id }} className="sb-row-link">
            {playbook.name}
          </Link>
        </li>
      ))}
    </ul>
  )
}
