import { Button, Group as Row, Select, Text } from '@mantine/core'
import { FolderPlus, Plus } from 'lucide-react'
import type { Rule } from '../../../engine/model/rule.ts'
import { Condition } from './condition.tsx'
import type { NestedRule } from './condition-kind.ts'
import { newCondition } from './conditions.ts'
import { Remove } from './remove.tsx'
import {
  addChild,
  asGroup,
  childPath,
  fromGroup,
  type Group,
  type GroupKind,
  joinPath,
  type RuleWorld,
  replaceChild,
  rootGroup,
  withKind,
} from './rule-model.ts'

const KINDS: Array<{ value: GroupKind; label: string }> = [
  { value: 'all', label: 'All of these' },
  { value: 'any', label: 'Any of these' },
  { value: 'none', label: 'None of these' },
]
/** Deeper rules are hard to read; a segment or signal names a part of one. */
const DEEPEST = 3

/** Conditions that hold together, alternatively, or not at all. */
export function RuleGroup(props: {
  group: Group
  /** Where it stands in its rule, as `checkRule` writes it. */
  path: string
  onChange: (group: Group) => void
  onRemove: (() => void) | null
  world: RuleWorld
  depth: number
}) {
  const { group, path, onChange, onRemove, world, depth } = props
  return (
    <div className="sb-rule-group" data-depth={depth}>
      <Row gap="xs" mb={6}>
        <Select
          size="xs"
          w={140}
          data={KINDS}
          value={group.kind}
          allowDeselect={false}
          aria-label="How the conditions combine"
          onChange={(kind) => kind !== null && kind !== group.kind && onChange(withKind(group, kind))}
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
        const at = joinPath(path, childPath(group, index))
        const change = (next: Rule | null) => onChange(replaceChild(group, index, next))
        // Conditions have no identity but their place.
        return inner === null ? (
          <Condition
            key={index}
            rule={child}
            path={at}
            onChange={change}
            onRemove={() => change(null)}
            world={world}
            Nested={Nested}
          />
        ) : (
          <RuleGroup
            key={index}
            group={inner}
            path={at}
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
          onClick={() => onChange(addChild(group, newCondition('property', world)))}
        >
          Add condition
        </Button>
        {depth < DEEPEST && (
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            leftSection={<FolderPlus size={13} aria-hidden="true" />}
            onClick={() => onChange(addChild(group, { any: [newCondition('property', world)] }))}
          >
            Add group
          </Button>
        )}
      </Row>
    </div>
  )
}

/** A rule inside of a condition: of related subjects. */
function Nested({ rule, path, onChange, world }: NestedRule) {
  return (
    <RuleGroup
      group={rootGroup(rule)}
      path={path}
      depth={1}
      world={world}
      onChange={(group) => onChange(fromGroup(group))}
      onRemove={null}
    />
  )
}
