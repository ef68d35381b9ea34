import { Modal, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { History, Search } from 'lucide-react'
import { useState } from 'react'
import type { Json } from '../../../nodes/manifest.ts'
import type { ContactView } from '../api/types.ts'
import { List } from '../ui/list.tsx'
import { Ago, ExactTime } from '../ui/time.tsx'
import { detailsApi } from './details-api.ts'
import { sourceDetail, sourceWords } from './source-words.ts'
import type { CustomerKind } from './table-definition.ts'
import { typeWord, ValueText } from './value-text.tsx'

type Provenance = ContactView['provenance']

/** What came later than this after it happened says so. */
const LATE_MS = 60_000
/** From so many on one searches instead of reading. */
const MANY = 10

/** Everything that is known, each value with its type, who wrote it and when. One opens what it was before. */
export function PropertyList(props: {
  kind: CustomerKind
  id: string
  properties: { [name: string]: Json }
  provenance: Provenance
}) {
  const { properties, provenance } = props
  const [search, setSearch] = useState('')
  const [opened, open] = useState<string | null>(null)
  const all = Object.keys(properties).sort()
  const names = all.filter((name) => name.toLowerCase().includes(search.trim().toLowerCase()))
  return (
    <section className="sb-card sb-panel" aria-label="Properties">
      <h2 className="sb-panel-title">
        Properties <span>{all.length}</span>
      </h2>
      {all.length > MANY && (
        <TextInput
          size="xs"
          mx={14}
          mb={6}
          aria-label="Find a property"
          placeholder="Find a property"
          leftSection={<Search size={13} aria-hidden="true" />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      <ul className="sb-properties">
        {names.map((name) => (
          <Property
            key={name}
            name={name}
            value={properties[name] ?? null}
            written={provenance[name]}
            onOpen={() => open(name)}
          />
        ))}
      </ul>
      {names.length === 0 && (
        <Text size="sm" c="dimmed" px={14} pb={14}>
          {all.length === 0 ? 'Nothing is known yet.' : 'No property of that name.'}
        </Text>
      )}
      {opened !== null && <PropertyHistory {...props} name={opened} onClose={() => open(null)} />}
    </section>
  )
}

function Property(props: { name: string; value: Json; written: Provenance[string] | undefined; onOpen: () => void }) {
  const { name, value, written, onOpen } = props
  return (
    <li>
      <UnstyledButton className="sb-property" onClick={onOpen}>
        <span className="sb-property-name">
          {name}
          <span className="sb-property-type">{typeWord(value)}</span>
        </span>
        <span className="sb-property-value">
          <ValueText value={value} />
        </span>
        <span className="sb-property-source">
          {written === undefined ? (
            'From before changes were kept'
          ) : (
            <>
              {sourceWords(written.source)} · <Ago when={written.occurredAt} />
            </>
          )}
          <History size={12} aria-hidden="true" />
        </span>
      </UnstyledButton>
    </li>
  )
}

/** All values of one property, the newest first. */
function PropertyHistory(props: { kind: CustomerKind; id: string; name: string; onClose: () => void }) {
  const { kind, id, name, onClose } = props
  const history = useInfiniteQuery(
    detailsApi(kind).history.infiniteQueryOptions(
      { id, property: name },
      { getNextPageParam: (page) => page.nextCursor },
    ),
  )
  const rows = history.data?.pages.flatMap((page) => page.data) ?? []
  return (
    <Modal opened onClose={onClose} size="lg" title={`History of ${name}`}>
      <List
        query={history}
        count={rows.length}
        empty={
          <Text size="sm" c="dimmed" p="md">
            Its value was there before changes were kept.
          </Text>
        }
      >
        <ol className="sb-history" aria-label={`Values of ${name}`}>
          {rows.map(({ before, value, at, occurredAt, source }) => (
            <li key={`${at} ${JSON.stringify(value)} ${JSON.stringify(before)}`}>
              <div className="sb-history-value">
                <span className="sb-was">
                  <ValueText value={before} />
                </span>
                <span aria-label="became">→</span>
                <strong>
                  <ValueText value={value} />
                </strong>
              </div>
              <Text size="xs" c="dimmed" component="div">
                {sourceWords(source)} · <ExactTime when={occurredAt} />
                {Date.parse(at) - Date.parse(occurredAt) > LATE_MS && (
                  <>
                    {' '}
                    · known here <ExactTime when={at} />
                  </>
                )}
                {sourceDetail(source) !== null && <span className="sb-mono"> · {sourceDetail(source)}</span>}
              </Text>
            </li>
          ))}
        </ol>
      </List>
    </Modal>
  )
}
