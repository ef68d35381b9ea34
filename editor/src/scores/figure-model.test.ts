import { expect, it } from 'vitest'
import { type EventFigure, FIGURES } from '../../../engine/model/figure.ts'
import { checkFigure } from '../../../engine/scores/check-figure.ts'
import { ofKind, withProperty } from './figure-model.ts'

const SUM: EventFigure = {
  figure: 'sum',
  event: 'Order Completed',
  of: 'amount',
  within: { calendar: 'month', zone: 'Europe/Berlin', ago: 1 },
  where: [{ property: 'plan', op: 'eq', value: 'team' }],
}

it('keeps the filters whatever the figure becomes, and drops what the new kind does not take', () => {
  for (const kind of FIGURES) {
    const turned = ofKind(SUM, kind)
    expect(turned).toMatchObject({ figure: kind, event: SUM.event, where: SUM.where })
    const place = { path: '', issues: [] }
    checkFigure(turned, place)
    expect(place.issues).toEqual([])
  }
  expect(ofKind(SUM, 'count')).toEqual({ figure: 'count', event: SUM.event, within: SUM.within, where: SUM.where })
  expect(ofKind(SUM, 'last')).toEqual({ figure: 'last', event: SUM.event, of: 'amount', where: SUM.where })
})

it('reads no property where none is written', () => {
  expect(withProperty(SUM, ' total ')).toMatchObject({ of: 'total' })
  expect(withProperty(SUM, ' ')).not.toHaveProperty('of')
})
