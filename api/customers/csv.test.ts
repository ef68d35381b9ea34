import { describe, expect, it } from 'vitest'
import { csvCell, csvLine } from './csv.ts'

describe('a cell of a CSV file', () => {
  it('is quoted where it holds a comma, a quote or a line break', () => {
    expect(csvCell('Ada, Countess')).toBe('"Ada, Countess"')
    expect(csvCell('the "first"')).toBe('"the ""first"""')
    expect(csvCell('two\nlines')).toBe('"two\nlines"')
  })

  it.each(['=1+1', '+49 30 1234', '-2+3', '@SUM(A1)', '\tx', '\rx'])('never begins as a formula: %j', (text) => {
    expect(csvCell(text).replace(/^"/, '')).toMatch(/^'/)
  })

  it('keeps numbers as numbers, also below zero', () => {
    expect(csvCell(-12.5)).toBe('-12.5')
    expect(csvCell(true)).toBe('true')
  })

  it('writes lists and objects as JSON, and nothing for nothing', () => {
    expect(csvCell(['a', 1])).toBe('"[""a"",1]"')
    expect(csvLine([null, 'Zoé', { a: 1 }])).toBe(',Zoé,"{""a"":1}"\r\n')
  })
})
