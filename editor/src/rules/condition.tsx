import { Select } from '@mantine/core'
import { CircleAlert } from 'lucide-react'
import { type ComponentType, useId } from 'react'
import type { Rule } from '../../../engine/model/rule.ts'
import type { NestedRule } from './condition-kind.ts'
import { conditionOf, kindsFor, leafKind, newCondition } from './conditions.ts'
import { Remove } from './remove.tsx'
import { useIssues } from './rule-issues.ts'
import type { RuleWorld } from './rule-model.ts'

/** One line of a rule. */
export function Condition(props: {
  rule: Rule
  path: string
  onChange: (rule: Rule) => void
  onRemove: () => void
  world: RuleWorld
  Nested: ComponentType<NestedRule>
}) {
  const { rule, path, onChange, onRemove, world, Nested } = props
  const kind = leafKind(rule)
  const { Body } = conditionOf(rule)
  // What is wrong inside of a rule about related subjects is said there.
  const issues = useIssues(path)
  const said = kind === 'contacts' || kind === 'accounts' ? [] : issues
  const id = useId()
  return (
    <div
      className="sb-rule-line"
      role="group"
      aria-label="Condition"
      {...(said.length > 0 && { 'aria-describedby': id })}
    >
      <Select
        size="xs"
        className="sb-rule-kind"
        data={kindsFor(world, rule)}
        value={kind}
        allowDeselect={false}
        aria-label="Kind of condition"
        maxDropdownHeight={380}
        onChange={(next) => next !== null && next !== kind && onChange(newCondition(next, world, rule))}
      />
      <div className="sb-rule-body">
        <Body rule={rule} path={path} onChange={onChange} world={world} Nested={Nested} />
        {said.length > 0 && (
          <div id={id} className="sb-rule-issue">
            <CircleAlert size={13} aria-hidden="true" />
            <span>{said.join(' ')}</span>
          </div>
        )}
      </div>
      <Remove label="Remove this condition" onClick={onRemove} />
    </div>
  )
}
