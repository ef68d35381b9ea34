import { Skeleton } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { type KeyboardEvent, memo, type PointerEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import './list-virtual.css'

/** Pixels. Rows are all of one height, so that none has to be measured. */
const ROW = 44
const HEAD = 38
/** Rows kept drawn beyond what is seen, so that a turn of the wheel finds them there. */
const OVERSCAN = 12
/** The next page is asked for when so few rows are left below what is seen: of somebody who reads on, more are wanted. */
const AHEAD = { atFirst: 120, scrolling: 600 }
/** Shapes of rows that are on their way. */
const COMING = 6
export const COLUMN_WIDTH = { least: 60, most: 800 }

export interface VirtualColumn<Row> {
  id: string
  title: string
  /** Pixels. */
  width: number
  right?: boolean
  sortable?: boolean
  cell: (row: Row) => ReactNode
}

export interface VirtualListProps<Row> {
  label: string
  rows: readonly Row[]
  keyOf: (row: Row) => string
  /** The first stays where it is and holds each row's link. */
  columns: ReadonlyArray<VirtualColumn<Row>>
  /** How many rows there are in all, where that is known. */
  total: number | null
  more: { has: boolean; loading: boolean; load: () => void }
  sort: { by: string; descending: boolean; change: (by: string, descending: boolean) => void }
  onWidth: (id: string, width: number) => void
  /** Puts a column before another one. */
  onMove: (id: string, before: string) => void
  onOpen: (row: Row) => void
  /** Under this name the place is kept when the page is left. */
  placeKey: string
}

const places = new Map<string, number>()

/** A table of as many rows as there are, of which those that are seen are drawn. */
export function ListVirtual<Row>(props: VirtualListProps<Row>) {
  const { rows, more, placeKey, columns } = props
  const scroller = useRef<HTMLDivElement>(null)
  const count = rows.length + (more.has ? COMING : 0)
  // No compiler memoizes here what the virtualizer changes.
  // eslint-disable-next-line react/incompatible-library
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: OVERSCAN,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
    initialOffset: places.get(placeKey) ?? 0,
  })
  const items = virtualizer.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  const { has, loading, load } = more
  useEffect(() => {
    const ahead = last > AHEAD.atFirst ? AHEAD.scrolling : AHEAD.atFirst
    if (has && !loading && last >= rows.length - ahead) load()
  }, [has, loading, load, last, rows.length])
  const keys = useRowKeys(props, { scroller, virtualizer, drawn: items.length })
  const before = (items[0]?.start ?? HEAD) - HEAD
  const after = virtualizer.getTotalSize() - (items.at(-1)?.end ?? HEAD) + HEAD
  return (
    <div
      ref={scroller}
      className="sb-card sb-vlist"
      role="region"
      aria-label={`${props.label}: arrow keys move, Enter opens`}
      tabIndex={0}
      onKeyDown={keys.onKeyDown}
      onScroll={(event) => places.set(placeKey, event.currentTarget.scrollTop)}
    >
      <table aria-label={props.label} aria-rowcount={(props.total ?? rows.length) + 1}>
        <colgroup>
          {columns.map(({ id, width }) => (
            <col key={id} style={{ width }} />
          ))}
          <col />
        </colgroup>
        <Head {...props} />
        <tbody>
          <Space height={before} />
          {items.map(({ index, key }) => (
            <Line
              key={key}
              row={rows[index]}
              index={index}
              active={index === keys.active}
              columns={columns}
              onOpen={props.onOpen}
            />
          ))}
          <Space height={Math.max(0, after)} />
        </tbody>
      </table>
    </div>
  )
}

const Space = ({ height }: { height: number }) =>
  height > 0 ? <tr aria-hidden="true" className="sb-vlist-space" style={{ height }} /> : null

interface LineProps<Row> extends Pick<VirtualListProps<Row>, 'columns' | 'onOpen'> {
  row: Row | undefined
  index: number
  active: boolean
}

/** Drawn once for as long as it shows the same: while one scrolls, most rows stay. `onOpen` does the same every time. */
const Line = memo(
  DrawnLine,
  (a, b) => a.row === b.row && a.index === b.index && a.active === b.active && a.columns === b.columns,
) as typeof DrawnLine

function DrawnLine<Row>({ row, index, active, columns, onOpen }: LineProps<Row>) {
  if (row === undefined)
    return (
      <tr aria-hidden="true" style={{ height: ROW }}>
        {columns.map(({ id }) => (
          <td key={id}>
            <Skeleton height={12} width="60%" radius="xl" />
          </td>
        ))}
        <td />
      </tr>
    )
  return (
    // The row's link is what the keyboard and assistive technology open; a click anywhere else in the row does the same.
    <tr
      aria-rowindex={index + 2}
      data-row={index}
      data-active={active}
      style={{ height: ROW }}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest('a, button') === null) onOpen(row)
      }}
    >
      {columns.map(({ id, right, cell }) => (
        <td key={id} {...(right === true && { className: 'sb-vlist-right' })}>
          {cell(row)}
        </td>
      ))}
      <td />
    </tr>
  )
}

function Head<Row>(props: VirtualListProps<Row>) {
  const { columns, onMove } = props
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map((column, place) => (
          <th
            key={column.id}
            scope="col"
            aria-sort={sorted(props, column.id)}
            draggable={place > 0}
            onDragStart={(event) => event.dataTransfer.setData('text/x-column', column.id)}
            onDragOver={(event) => place > 0 && event.preventDefault()}
            onDrop={(event) => {
              const id = event.dataTransfer.getData('text/x-column')
              if (place > 0 && id !== '' && id !== column.id) onMove(id, column.id)
            }}
            {...(column.right === true && { className: 'sb-vlist-right' })}
          >
            <HeadWords {...props} column={column} place={place} />
            <Handle {...props} column={column} />
          </th>
        ))}
        <td aria-hidden="true" />
      </tr>
    </thead>
  )
}

const sorted = ({ sort }: { sort: { by: string; descending: boolean } }, id: string) =>
  sort.by !== id ? 'none' : sort.descending ? 'descending' : 'ascending'

const STEP = 16

/** Sorts; with Alt and the arrow keys it makes the column wider or narrower, with Alt and Shift it moves it. */
function HeadWords<Row>(props: VirtualListProps<Row> & { column: VirtualColumn<Row>; place: number }) {
  const { column, place, columns, sort, onWidth, onMove } = props
  const here = sort.by === column.id
  const Arrow = sort.descending ? ArrowDown : ArrowUp
  const press = (event: KeyboardEvent) => {
    const way = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (way === 0 || !event.altKey) return
    event.preventDefault()
    event.stopPropagation()
    if (!event.shiftKey) return onWidth(column.id, clamped(column.width + way * STEP))
    const [moved, other] = way === 1 ? [columns[place + 1], column] : [column, columns[place - 1]]
    if (place > 0 && moved !== undefined && other !== undefined && other !== columns[0]) onMove(moved.id, other.id)
  }
  if (column.sortable !== true) return <span className="sb-vlist-title">{column.title}</span>
  return (
    <button
      type="button"
      className="sb-vlist-title"
      title={`Sort by ${column.title}`}
      onKeyDown={press}
      onClick={() => sort.change(column.id, here && !sort.descending)}
    >
      <span>{column.title}</span>
      {here && <Arrow size={13} aria-hidden="true" />}
    </button>
  )
}

const clamped = (width: number): number => Math.min(COLUMN_WIDTH.most, Math.max(COLUMN_WIDTH.least, Math.round(width)))

/** Drawn with the mouse: the column follows, and keeps its width when it is let go. */
function Handle<Row>({ column, onWidth }: VirtualListProps<Row> & { column: VirtualColumn<Row> }) {
  const began = useRef<{ x: number; width: number } | null>(null)
  const move = (event: PointerEvent) => {
    if (began.current !== null) onWidth(column.id, clamped(began.current.width + event.clientX - began.current.x))
  }
  return (
    <span
      className="sb-vlist-handle"
      aria-hidden="true"
      draggable
      onDragStart={(event) => {
        event.preventDefault()
        event.stopPropagation()
      }}
      onPointerDown={(event) => {
        began.current = { x: event.clientX, width: column.width }
        event.currentTarget.setPointerCapture(event.pointerId)
      }}
      onPointerMove={move}
      onPointerUp={() => {
        began.current = null
      }}
    />
  )
}

interface Drawing {
  scroller: { current: HTMLDivElement | null }
  virtualizer: { scrollToIndex: (index: number) => void; range: { startIndex: number; endIndex: number } | null }
  /** How many rows are drawn: a row that was scrolled to is there once this was said. */
  drawn: number
}

/** Arrows, Page, Home and End move from row to row; the row's own link has the focus, so that Enter opens it. */
function useRowKeys<Row>({ rows }: VirtualListProps<Row>, { scroller, virtualizer, drawn }: Drawing) {
  const [active, setActive] = useState<number | null>(null)
  const wanted = useRef(false)
  useEffect(() => {
    if (!wanted.current || active === null) return
    const link = scroller.current?.querySelector<HTMLElement>(`tr[data-row="${active}"] a`)
    if (link === null || link === undefined) return
    wanted.current = false
    link.focus({ preventScroll: true })
  }, [active, drawn, scroller, virtualizer.range?.startIndex])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof Element && event.target.closest('thead') !== null) return
    const range = virtualizer.range ?? { startIndex: 0, endIndex: 0 }
    const onto = nextRow(event.key, { active, page: Math.max(1, range.endIndex - range.startIndex - 2), range, rows })
    if (onto === null) return
    event.preventDefault()
    wanted.current = true
    setActive(onto)
    virtualizer.scrollToIndex(onto)
  }
  return { active, onKeyDown }
}

function nextRow(
  key: string,
  at: { active: number | null; page: number; range: { startIndex: number }; rows: readonly unknown[] },
): number | null {
  const { active, page, rows } = at
  const end = rows.length - 1
  if (end < 0) return null
  const steps: { [key: string]: number } = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }
  if (key === 'Home') return 0
  if (key === 'End') return end
  const step = steps[key]
  if (step === undefined) return null
  // The first key goes to where one looks.
  if (active === null || active < at.range.startIndex - 200) return Math.min(end, at.range.startIndex)
  return Math.min(end, Math.max(0, active + step))
}
