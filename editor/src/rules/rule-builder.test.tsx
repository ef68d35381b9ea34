import { MantineProvider } from '@mantine/core'
import fc from 'fast-check'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { NAMES, nows, rules, ZONES } from '../../../test/helpers/random-rules.ts'
import type { Rule } from '../../../engine/model/rule.ts'
import { RuleBuilder } from './rule-builder.tsx'
import { NO_WORLD } from './rule-world.ts'

function draw(rule: Rule): string {
  const changes: Rule[] = []
  const drawn = renderToStaticMarkup(
    <MantineProvider>
      <RuleBuilder label="Rule" rule={rule} world={NO_WORLD} onChange={(next) => changes.push(next)} />
    </MantineProvider>,
  )
  expect(changes).toEqual([])
  return drawn
}

it('draws any rule, says it in words, and finds nothing wrong with it', () => {
  const randomRules = fc
    .tuple(nows, fc.constantFrom('contact' as const, 'account' as const))
    .chain(([now, subject]) => rules({ subject, zones: ZONES, names: NAMES, now }))
  fc.assert(
    fc.property(randomRules, (rule) => {
      const drawn = draw(rule)
      expect(drawn).toContain('In words: ')
      expect(drawn).not.toContain('sb-rule-issue')
    }),
    { numRuns: 20 },
  )
})

it('says at the line what is missing, instead of a sentence', () => {
  const drawn = draw({
    all: [
      { property: '', op: 'eq', value: '' },
      { contacts: { all: [{ event: '', count: { op: 'gte', value: 1 } }] } },
    ],
  })
  expect(drawn).not.toContain('In words: ')
  expect(drawn.match(/class="sb-rule-issue"/g)).toHaveLength(2)
  expect(drawn).toContain('Name the event, e.g. &quot;Trial Started&quot;.')
})
