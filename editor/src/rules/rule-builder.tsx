import { Button, Group as Row, Select, Text } from '@mantine/core'
import { FolderPlus, Plus } from 'lucide-react'
import type { Rule } from '../../../engine/model/rule.ts'
import { Condition } from './condition.tsx'
import { Remove } from './remove.tsx'
import {
  addChild,
  asGroup,
  fromGroup,
  type Group,
  type GroupKind,
  newCondition,
  type RuleWorld,
  replaceChild,
  rootGroup,
} from './rule-model.ts'
import './rules.css'

const KINDS: Array<{ value: GroupKind; label: string }> = [
  { value: 'all', label: 'All of these' },
  { value: 'any', label: 'Any of these' },
  { value: 'none', label: 'None of these' },
]
/** Deeper rules are hard to read; a segment or signal names a part of one. */
const DEEPEST = 3

/** Draws a rule and changes it. */
export function RuleBuilder(props: {
  rule: Rule | undefined
  onChange: (rule: Rule) => void
  world: RuleWorld
  label: string
}) {
  const { rule, onChange, world, label } = props
  return (
    <div role="group" aria-label={label}>
      <GroupBox
        group={rootGroup(rule)}
        onChange={(next) => onChange(fromGroup(next))}
        onRemove={null}
        world={world}
        depth={0}
      />
    </div>
  )
}

function GroupBox(props: {
  group: Group
  onChange: (group: Group) => void
  onRemove: (() => void) | null
  world: RuleWorld
  depth: number
}) {
  const { group, onChange, onRemove, world, depth } = props
  return (
    <div className="sb-rule-group" data-depth={depth}>
      <Row gap="xs" mb={6}>
        <Select
          size="xs"
          w={140}
          data={KINDS}
          value={group.kind}
          aria-label="How the conditions combine"
          comboboxProps={{ withinPortal: true }}
          onChange={(kind) => kind !== null && onChange({ ...group, kind })}
        />
        {onRemove !== null && <Remove label="Remove this group" onClick={onRemove} />}
      </Row>
      {group.children.length === 0 && (
        <Text size="xs" c="dimmed" mb={6}>
          No condition yet.
        </Text>
      )}
      {group.children.map((child, index) => {
        const inner = asGroup(child)
        const change = (next: Rule | null) => onChange(replaceChild(group, index, next))
        // Conditions have no identity but their place.
        return inner === null ? (
          <Condition key={index} rule={child} onChange={change} onRemove={() => change(null)} world={world} />
        ) : (
          <GroupBox
            key={index}
            group={inner}
            onChange={(next) => change(fromGroup(next))}
            onRemove={() => change(null)}
            world={world}
            depth={depth + 1}
          />
        )
      })}
      <Row gap={4} mt={6}>
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<Plus size={13} aria-hidden="true" />}
          onClick={() => onChange(addChild(group, newCondition('property')))}
        >
          Add condition
        </Button>
        {depth < DEEPEST && (
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            leftSection={<FolderPlus size={13} aria-hidden="true" />}
            onClick={() => onChange(addChild(group, { any: [newCondition('property')] }))}
          >
            Add group
          </Button>
        )}
      </Row>
    </div>
  )
}
