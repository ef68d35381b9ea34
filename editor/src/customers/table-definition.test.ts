import { describe, expect, it } from 'vitest'
import {
  DEFAULTS,
  moved,
  readDefinition,
  readSort,
  sameDefinition,
  toggled,
  withWidth,
  writeSort,
} from './table-definition.ts'

const columns = [{ id: 'a' }, { id: 'b', width: 90 }, { id: 'c' }]

describe('what a table shows', () => {
  it('moves a column before another one, or to the end', () => {
    expect(moved(columns, 'c', 'a').map(({ id }) => id)).toEqual(['c', 'a', 'b'])
    expect(moved(columns, 'a', null).map(({ id }) => id)).toEqual(['b', 'c', 'a'])
    expect(moved(columns, 'b', 'c')).toEqual(columns)
    expect(moved(columns, 'x', 'a')).toBe(columns)
  })

  it('adds a column at the end and takes it away again', () => {
    expect(toggled(toggled(columns, 'd'), 'd')).toEqual(columns)
    expect(withWidth(columns, 'a', 120)[0]).toEqual({ id: 'a', width: 120 })
  })

  it('knows whether it was changed, by what it shows and not by how it is written', () => {
    expect(sameDefinition(DEFAULTS.contact, { ...DEFAULTS.contact })).toBe(true)
    expect(sameDefinition(DEFAULTS.contact, { ...DEFAULTS.contact, sort: 'name' })).toBe(false)
  })

  it('writes an order as it was read', () => {
    for (const sort of ['name', '-contact.mrr']) {
      const { by, descending } = readSort(sort)
      expect(writeSort(by, descending)).toBe(sort)
    }
  })

  it('takes from the browser only what it can show', () => {
    const kept = { filter: null, columns, sort: 'name' }
    expect(readDefinition(JSON.stringify(kept))).toEqual(kept)
    for (const wrong of [null, '', '{', '[]', '{"sort":1,"columns":[]}', '{"sort":"name"}'])
      expect(readDefinition(wrong)).toBeNull()
    expect(readDefinition('{"sort":"name","columns":[1,{"id":"a","width":"wide"}]}')).toEqual({
      filter: null,
      columns: [{ id: 'a' }],
      sort: 'name',
    })
  })
})
