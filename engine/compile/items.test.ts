import { expect, it } from 'vitest'
import { type Drawing, list, post, said, set, type Step } from '../../test/helpers/flow-drawing.ts'

const mail: Step = {
  id: 'mail',
  type: 'email.send',
  connection: 'email',
  input: { to: '{{ contact.email }}', subject: 'Hello', text: 'Hello', purpose: 'transactional' },
}

//  start --> mail --> orders --item--> each
const ofMail = (of: string, each: Step): ReturnType<typeof said> => {
  const drawing: Drawing = [
    [mail, list({ list: of }), each],
    [
      ['start', 'mail'],
      ['mail', 'orders'],
      ['orders.item', 'each'],
    ],
  ]
  return said(...drawing).filter(({ path }) => path.startsWith('steps.each.'))
}

it('knows what the items of a list are where the step that leaves it says so', () => {
  expect(ofMail('steps.mail.accepted', post('each', 'To {{ item }}'))).toEqual([])
  expect(ofMail('steps.mail.accepted', post('each', 'To {{ item.lowerAscii() }}'))).toEqual([])
  expect(ofMail('steps.mail.accepted', post('each', '{{ item * 2 }}'))).toMatchObject([
    { severity: 'error', path: 'steps.each.input.text', fix: 'Make both sides of one type.' },
  ])
  expect(ofMail('steps.mail.accepted', post('each', 'To {{ item.name }}'))).toEqual([
    {
      severity: 'error',
      path: 'steps.each.input.text',
      message: 'item.name: the items of the list have no "name".',
      fix: 'Read the item itself, as item.',
    },
  ])
})

it('takes anything of items of which nothing is known', () => {
  for (const of of ['trigger.properties.orders', 'contact.tags'])
    expect(ofMail(of, post('each', '{{ item.sku }} {{ item.price * 2 }}')), of).toEqual([])
})

it('knows them in variables that keep one, and at a list within the list', () => {
  //  start --> mail --> orders --item--> keep --> tell
  const kept = (text: string) =>
    said(
      [mail, list({ list: 'steps.mail.accepted' }), set('keep', 'who', '{{ item }}'), post('tell', text)],
      [
        ['start', 'mail'],
        ['mail', 'orders'],
        ['orders.item', 'keep'],
        ['keep', 'tell'],
      ],
    ).filter(({ path }) => path.startsWith('steps.tell.'))
  expect(kept('{{ vars.who.upperAscii() }}')).toEqual([])
  expect(kept('{{ vars.who + 1 }}')).toMatchObject([{ severity: 'error' }])
  const inner: Step = { id: 'each', type: 'flow.forEach', input: { list: 'item.lines' } }
  expect(ofMail('steps.mail.accepted', inner)).toMatchObject([
    { path: 'steps.each.input.list', message: 'item.lines: the items of the list have no "lines".' },
  ])
})
