import { ActionIcon, Button, Checkbox, Popover, Text, TextInput } from '@mantine/core'
import { ArrowDown, ArrowUp, Columns3, Search } from 'lucide-react'
import { useState } from 'react'
import { type Choice, choiceOf } from './columns.tsx'
import { moved, toggled } from './table-definition.ts'

type Columns = Array<{ id: string; width?: number | undefined }>

/** Which columns are shown, and in what order. */
export function ColumnMenu(props: {
  choices: readonly Choice[]
  columns: Columns
  onChange: (columns: Columns) => void
}) {
  const { choices, columns, onChange } = props
  return (
    <Popover position="bottom-start" width={320} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<Columns3 size={15} aria-hidden="true" />}>
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label="Columns">
        <Chooser choices={choices} columns={columns} onChange={onChange} />
      </Popover.Dropdown>
    </Popover>
  )
}

function Chooser(props: { choices: readonly Choice[]; columns: Columns; onChange: (columns: Columns) => void }) {
  const { choices, columns, onChange } = props
  const [search, setSearch] = useState('')
  const shown = new Set(columns.map(({ id }) => id))
  const matches = (choice: Choice) => choice.title.toLowerCase().includes(search.trim().toLowerCase())
  const others = choices.filter((choice) => !shown.has(choice.id) && matches(choice))
  const groups = [...new Set(others.map(({ group }) => group))]
  return (
    <div className="sb-columns">
      <TextInput
        m={10}
        size="xs"
        aria-label="Find a column"
        placeholder="Find a column"
        leftSection={<Search size={13} aria-hidden="true" />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <div className="sb-columns-list">
        <Text className="sb-columns-title">Shown</Text>
        {columns.map(({ id }, place) => {
          const choice = choiceOf(id, choices)
          if (!matches(choice)) return null
          return (
            <div key={id} className="sb-columns-line">
              <Checkbox size="xs" checked label={choice.title} onChange={() => onChange(toggled(columns, id))} />
              <Shift
                title={choice.title}
                up={columns[place - 1]?.id}
                down={place < columns.length - 1 ? (columns[place + 2]?.id ?? null) : undefined}
                move={(before) => onChange(moved(columns, id, before))}
              />
            </div>
          )
        })}
        {groups.map((group) => (
          <div key={group} role="group" aria-label={group}>
            <Text className="sb-columns-title">{group}</Text>
            {others
              .filter((choice) => choice.group === group)
              .map(({ id, title }) => (
                <div key={id} className="sb-columns-line">
                  <Checkbox size="xs" checked={false} label={title} onChange={() => onChange(toggled(columns, id))} />
                </div>
              ))}
          </div>
        ))}
      </div>
    </div>
  )
}

function Shift(props: {
  title: string
  /** The column it would come to stand before; undefined: it cannot move that way. */
  up: string | undefined
  down: string | null | undefined
  move: (before: string | null) => void
}) {
  const { title, up, down, move } = props
  return (
    <span>
      <ActionIcon
        size="sm"
        variant="subtle"
        color="gray"
        aria-label={`${title}: further left`}
        disabled={up === undefined}
        onClick={() => up !== undefined && move(up)}
      >
        <ArrowUp size={13} />
      </ActionIcon>
      <ActionIcon
        size="sm"
        variant="subtle"
        color="gray"
        aria-label={`${title}: further right`}
        disabled={down === undefined}
        onClick={() => down !== undefined && move(down)}
      >
        <ArrowDown size={13} />
      </ActionIcon>
    </span>
  )
}
