import { Button, CloseButton, Group, Text } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useState } from 'react'
import type { Rule } from '../../../engine/model/rule.ts'
import { checkRule } from '../../../engine/rules/check.ts'
import { RuleBuilder } from '../rules/rule-builder.tsx'
import { asGroup } from '../rules/rule-model.ts'
import { useRuleWorld } from '../rules/use-rule-world.ts'
import type { Table } from './use-table.ts'

const EMPTY: Rule = { all: [] }

/** How many conditions a rule has. */
export function sizeOfRule(rule: Rule): number {
  const group = asGroup(rule)
  return group === null ? 1 : group.children.reduce((sum, child) => sum + sizeOfRule(child), 0)
}

/** Groups that nothing was put into yet say nothing; what is left of the rule, or null. */
function withoutEmpty(rule: Rule): Rule | null {
  if ('all' in rule) {
    const all = rule.all.flatMap((part) => withoutEmpty(part) ?? [])
    return all.length === 0 ? null : { all }
  }
  if ('any' in rule) {
    const any = rule.any.flatMap((part) => withoutEmpty(part) ?? [])
    return any.length === 0 ? null : { any }
  }
  if (!('not' in rule)) return rule
  const not = withoutEmpty(rule.not)
  return not === null ? null : { not }
}

/** The table's filter as a rule: applied as soon as every condition of it is complete. */
export function FilterPanel({ table, onClose }: { table: Table; onClose: () => void }) {
  const [rule, setRule] = useState<Rule>(table.definition.filter ?? EMPTY)
  const world = useRuleWorld(table.kind)
  const wanted = withoutEmpty(rule)
  const [problem] = wanted === null ? [] : checkRule(wanted)
  const apply = useDebouncedCallback((filter: Rule | null) => table.change({ filter }), 350)
  const change = (next: Rule) => {
    setRule(next)
    const filter = withoutEmpty(next)
    if (filter === null || checkRule(filter).length === 0) apply(filter)
  }
  return (
    <section className="sb-card sb-filter" aria-label="Filter">
      <CloseButton className="sb-filter-close" aria-label="Close the filter" onClick={onClose} />
      <RuleBuilder label="Show who" rule={rule} world={world} onChange={change} />
      <Group gap="sm" mt={8} mih={26}>
        {problem !== undefined && (
          <Text size="xs" c="dimmed" role="status">
            Not complete yet: {problem.message}
          </Text>
        )}
        {wanted !== null && (
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => change(EMPTY)}>
            Clear the filter
          </Button>
        )}
      </Group>
    </section>
  )
}
