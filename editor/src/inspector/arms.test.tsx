import { MantineProvider } from '@mantine/core'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { catalog } from '../../../nodes/catalog.ts'
import type { Json } from '../../../nodes/manifest.ts'
import { toManifest } from '../../../nodes/to-manifest.ts'
import { portWords, summaryOf } from '../canvas/step-summary.ts'
import { initialInput } from '../document/edit.ts'
import { NO_WORLD } from '../rules/rule-world.ts'
import { addArm, type Arm, armsOf, armsSum, spreadEvenly } from './arms.ts'
import { Field } from './field.tsx'

const split = toManifest(catalog).steps.find(({ type }) => type === 'flow.split')
const field = split?.fields.find(({ widget }) => widget === 'arms')
if (split === undefined || field === undefined) throw new Error('The catalog has lost the split or its arms.')
const ARMS = field

const percents = (arms: readonly Arm[]) => arms.map(({ percent }) => percent)
const some = (...shares: number[]): Arm[] => shares.map((percent, index) => ({ port: `p${index}`, percent }))

function draw(value: Json): string {
  return renderToStaticMarkup(
    <MantineProvider>
      <Field field={ARMS} value={value} onChange={() => {}} error={undefined} groups={[]} world={NO_WORLD} />
    </MantineProvider>,
  )
}

it('spreads evenly to exactly 100, whatever the number of arms', () => {
  expect(percents(spreadEvenly(some(1, 1, 1)))).toEqual([33.34, 33.33, 33.33])
  for (let count = 1; count <= 20; count += 1)
    expect(armsSum(spreadEvenly(some(...Array.from({ length: count }, () => 1)))), `${count} arms`).toBe(100)
})

it('gives one arm more its even share, or what is left, or nothing yet', () => {
  expect(percents(addArm(some(50, 50)))).toEqual([33.34, 33.33, 33.33])
  expect(percents(addArm(some(60, 30.5)))).toEqual([60, 30.5, 9.5])
  expect(percents(addArm(some(60, 40)))).toEqual([60, 40, undefined])
  expect(addArm([{ port: 'b' }, { port: 'a' }]).at(-1)?.port).toBe('c')
})

it('starts with two halves, which the definition takes', () => {
  const input = initialInput(split)
  expect(armsOf(input.arms)).toEqual([
    { port: 'a', percent: 50 },
    { port: 'b', percent: 50 },
  ])
})

it('draws a row for each arm and says what they add up to', () => {
  const drawn = draw([
    { port: 'new', percent: 60 },
    { port: 'control', percent: 30 },
  ]) // prettier-ignore
  expect(drawn.match(/role="group" aria-label="Arm /g)).toHaveLength(2)
  expect(drawn).toContain('aria-label="Percent of control"')
  expect(drawn).toContain('Together 90 %, not 100 %')
  expect(
    draw([
      { port: 'a', percent: 33.33 },
      { port: 'b', percent: 66.67 },
    ]),
  ).toContain('Together 100 %') // prettier-ignore
})

it('shows the shares on the canvas', () => {
  const input = {
    arms: [
      { port: 'new', percent: 66.67 },
      { port: 'control', percent: 33.33 },
    ],
  } // prettier-ignore
  const step = { id: 'offer', type: 'flow.split@1', input }
  expect(summaryOf(step, split, 'UTC')).toBe('Split new 66.67 %, control 33.33 %')
  expect(portWords(step, split, 'control')).toBe('control 33.33 %')
  expect(portWords({ ...step, input: { arms: [{ port: 'new' }] } }, split, 'new')).toBe('new')
  expect(portWords(step, undefined, 'new')).toBe('new')
})
