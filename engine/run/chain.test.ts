import { describe, expect, it } from 'vitest'
import { type Link, LONGEST_CHAIN, mayFollow } from './chain.ts'

const upsell = { id: 'p-1', name: 'Upsell' }
const link = (given: Partial<Link> = {}): Link => ({
  run: 'run_0123456789abcdef',
  playbook: upsell,
  subjectId: 'ada',
  key: null,
  step: 'tag',
  led: 'the event “Tagged”',
  ...given,
})
const me = { playbookId: upsell.id, subjectId: 'ada', key: null }
const next = (given: object = {}) => mayFollow([link()], { ...me, ...given })
const chainOf = (length: number) =>
  Array.from({ length }, (_, i) => link({ run: `run_${i}`, playbook: { id: `q-${i}`, name: `Q${i}` } }))

describe('a run that begins by what runs did', () => {
  it('is not one of them again, and the path is told', () => {
    expect(next()).toEqual({
      ok: false,
      reason:
        'It would start itself again: run 01234567 of “Upsell” by its step “tag” → the event “Tagged” → “Upsell” again. ' +
        'Let the trigger or the step leave out what the playbook itself does.',
    })
  })

  it.each([
    ['of another playbook', { playbookId: 'p-2' }],
    ['for somebody else', { subjectId: 'bob' }],
    ['for another order', { key: '18' }],
  ])('may begin %s', (_, given) => {
    expect(next(given)).toEqual({ ok: true })
  })

  it('is found however far back it was, and only from there is told', () => {
    const [first, second] = chainOf(2)
    if (!first || !second) throw new Error('no chain')
    const found = mayFollow([first, link({ step: null }), second], me)
    expect(found).toMatchObject({ ok: false })
    expect(JSON.stringify(found)).toMatch(/again: run 01234567 of “Upsell” → the event “Tagged” → run 1 of “Q1”/)
  })

  it('may begin at the end of a chain as long as one may be, and not after it', () => {
    expect(mayFollow(chainOf(LONGEST_CHAIN - 1), me)).toEqual({ ok: true })
    const long = mayFollow(chainOf(LONGEST_CHAIN), me)
    expect(long).toMatchObject({ ok: false })
    expect(JSON.stringify(long)).toMatch(/last of 11 runs .* and 10 may: run 0 of “Q0”.* → this one\./)
  })

  it('may begin where the run before it was is not known any more', () => {
    expect(mayFollow([link({ subjectId: null })], me)).toEqual({ ok: true })
  })

  it('has no chain where nothing of ours led to it', () => {
    expect(mayFollow([], me)).toEqual({ ok: true })
  })
})
