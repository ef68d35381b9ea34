import { Text } from '@mantine/core'
import { useMemo } from 'react'
import type { Rule } from '../../../engine/model/rule.ts'
import { checkRule } from '../../../engine/rules/check.ts'
import { describe } from '../../../engine/rules/explain.ts'
import { RuleGroup } from './rule-group.tsx'
import { RuleIssues } from './rule-issues.ts'
import { fromGroup, type RuleWorld, rootGroup } from './rule-model.ts'
import './rules.css'

/** Draws a rule and changes it; below it stands as a sentence what it asks. */
export function RuleBuilder(props: {
  rule: Rule | undefined
  onChange: (rule: Rule) => void
  world: RuleWorld
  label: string
}) {
  const { rule, onChange, world, label } = props
  const group = rootGroup(rule)
  const issues = useMemo(() => (rule === undefined ? [] : checkRule(rule)), [rule])
  return (
    <RuleIssues value={issues}>
      <div role="group" aria-label={label} className="sb-rule-builder">
        <RuleGroup
          group={group}
          path=""
          onChange={(next) => onChange(fromGroup(next))}
          onRemove={null}
          world={world}
          depth={0}
        />
        {rule !== undefined && group.children.length > 0 && issues.length === 0 && (
          <Text size="xs" c="dimmed" mt={6} className="sb-rule-sentence">
            In words: {describe(rule)}.
          </Text>
        )}
      </div>
    </RuleIssues>
  )
}
