import { Select, Table, Text, TextInput } from '@mantine/core'
import type { ColumnTarget, ImportMapping, ImportView } from '../api/types.ts'
import { DATES, TYPES, targetsOf } from './import-words.ts'
import './imports.css'

type Column = ImportView['columns'][number]

/** A line for each column of the file: its first cells, and what it is for. */
export function MappingTable(props: {
  view: ImportView
  mapping: ImportMapping
  onChange: (mapping: ImportMapping) => void
}) {
  const { view, mapping, onChange } = props
  const setColumn = (at: number, target: ColumnTarget): void =>
    onChange({ ...mapping, columns: mapping.columns.map((before, i) => (i === at ? target : before)) })
  const namesEvents = mapping.columns.some(({ to }) => to === 'event')
  return (
    <>
      {view.kind === 'events' && !namesEvents && (
        <TextInput
          label="Name of the events"
          description="Of all rows, as no column has it."
          maw={420}
          mb="md"
          value={mapping.event ?? ''}
          onChange={(event) => onChange({ ...mapping, event: event.currentTarget.value || null })}
        />
      )}
      <div className="sb-card sb-scroll-x">
        <Table aria-label="Columns of the file" verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Column</Table.Th>
              <Table.Th>First rows</Table.Th>
              <Table.Th>Is</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {view.columns.map((column, i) => (
              <Table.Tr key={`${i} ${column.name}`}>
                <Table.Td>
                  <Text fw={600}>{column.name === '' ? `(column ${i + 1})` : column.name}</Text>
                  <Text size="xs" c="dimmed">
                    filled in {share(column.filled, view.total)}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {column.samples.slice(0, 3).map((sample, n) => (
                    <Text key={`${n} ${sample}`} size="sm" className="sb-import-sample" title={sample}>
                      {sample}
                    </Text>
                  ))}
                </Table.Td>
                <Table.Td>
                  <TargetInput
                    kind={view.kind}
                    column={column}
                    target={mapping.columns[i] ?? { to: 'skip' }}
                    onChange={(target) => setColumn(i, target)}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  )
}

const share = (filled: number, total: number): string =>
  filled === total ? 'every row' : `${total === 0 ? 0 : Math.floor((filled / total) * 100)}% of rows`

function TargetInput(props: {
  kind: ImportView['kind']
  column: Column
  target: ColumnTarget
  onChange: (target: ColumnTarget) => void
}) {
  const { kind, column, target, onChange } = props
  const name = column.name === '' ? 'this column' : column.name
  const choose = (to: ColumnTarget['to']): void =>
    onChange(to === 'property' ? { to, property: column.name, type: column.type } : { to })
  const hasDates = target.to === 'timestamp' || (target.to === 'property' && target.type === 'date')
  return (
    <div className="sb-import-controls">
      <Select
        aria-label={`What ${name} is for`}
        data={targetsOf(kind)}
        value={target.to}
        allowDeselect={false}
        w={170}
        onChange={(to) => to !== null && choose(to as ColumnTarget['to'])}
      />
      {target.to === 'property' && (
        <>
          <TextInput
            aria-label={`Property of ${name}`}
            value={target.property}
            w={170}
            onChange={(event) => onChange({ ...target, property: event.currentTarget.value })}
          />
          <Select
            aria-label={`Type of ${name}`}
            data={TYPES}
            value={target.type}
            allowDeselect={false}
            w={130}
            onChange={(type) => type !== null && onChange({ ...target, type: type as typeof target.type })}
          />
        </>
      )}
      {hasDates && (
        <Select
          aria-label={`How dates of ${name} are written`}
          data={DATES}
          value={target.dates ?? 'iso'}
          allowDeselect={false}
          w={130}
          onChange={(dates) =>
            dates !== null && onChange({ ...target, dates: dates as NonNullable<ColumnTarget['dates']> })
          }
        />
      )}
    </div>
  )
}
