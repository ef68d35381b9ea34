import { Popover, ScrollArea, Text, TextInput } from '@mantine/core'
import { Search } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useMemo, useState } from 'react'
import type { DataGroup, Datum } from '../document/upstream-data.ts'
import { sampleWords } from './sample-words.ts'

/** What is there when a step runs, with samples, to pick from. */
export function DataPicker(props: {
  opened: boolean
  onClose: () => void
  groups: DataGroup[]
  onPick: (datum: Datum) => void
  target: ReactNode
}) {
  const { opened, onClose, groups, onPick, target } = props
  return (
    <Popover
      opened={opened}
      onChange={(next) => !next && onClose()}
      position="bottom-end"
      width={340}
      shadow="md"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>{target}</Popover.Target>
      <Popover.Dropdown p={8} aria-label="Insert data">
        {opened && <PickerList groups={groups} onPick={onPick} />}
      </Popover.Dropdown>
    </Popover>
  )
}

function PickerList({ groups, onPick }: { groups: DataGroup[]; onPick: (datum: Datum) => void }) {
  const [query, setQuery] = useState('')
  const [active, setActive] = useState(0)
  const found = useMemo(() => {
    const words = query.toLowerCase().split(/\s+/)
    return groups.map(({ title, data }) => ({
      title,
      data: data.filter(({ path }) => words.every((word) => `${title} ${path}`.toLowerCase().includes(word))),
    }))
  }, [groups, query])
  const flat = found.flatMap(({ data }) => data)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setActive((at) => Math.min(flat.length - 1, at + 1))
    else if (event.key === 'ArrowUp') setActive((at) => Math.max(0, at - 1))
    else if (event.key === 'Enter') {
      const chosen = flat[active]
      if (chosen !== undefined) onPick(chosen)
    } else return
    event.preventDefault()
  }
  return (
    <div onKeyDown={onKeyDown}>
      <TextInput
        data-autofocus
        size="xs"
        aria-label="Search data"
        placeholder="Search data"
        leftSection={<Search size={14} aria-hidden="true" />}
        value={query}
        onChange={(event) => {
          setQuery(event.currentTarget.value)
          setActive(0)
        }}
      />
      <ScrollArea.Autosize mah={300} mt={6} type="auto">
        <div role="listbox" aria-label="Data">
          {found.map(({ title, data }) =>
            data.length === 0 ? null : (
              <div key={title} role="group" aria-label={title}>
                <div className="sb-picker-group">{title}</div>
                {data.map((datum) => (
                  <div
                    key={datum.path}
                    role="option"
                    aria-selected={datum === flat[active]}
                    className="sb-datum"
                    onMouseMove={() => setActive(flat.indexOf(datum))}
                    onClick={() => onPick(datum)}
                  >
                    <span className="sb-mono">{datum.path.replace(/^steps\.[^.]+\./, '')}</span>
                    <span className="sb-datum-sample">{sampleWords(datum.sample)}</span>
                  </div>
                ))}
              </div>
            ),
          )}
          {flat.length === 0 && (
            <Text size="xs" c="dimmed" p="sm">
              Nothing is called that.
            </Text>
          )}
        </div>
      </ScrollArea.Autosize>
    </div>
  )
}
