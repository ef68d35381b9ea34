import { Button, Group, Input, SegmentedControl, Stack, Text, Textarea, TextInput, Title } from '@mantine/core'
import { Plus } from 'lucide-react'
import { useMemo } from 'react'
import type { Enrollment } from '../../../engine/model/playbook.ts'
import type { Rule } from '../../../engine/model/rule.ts'
import { upstreamData } from '../document/upstream-data.ts'
import { Remove } from '../rules/remove.tsx'
import { RuleBuilder } from '../rules/rule-builder.tsx'
import type { RuleWorld } from '../rules/rule-model.ts'
import { ruleSentence } from '../rules/rule-sentence.ts'
import { ruleWorld } from '../rules/rule-world.ts'
import { useCatalog } from './catalog-context.ts'
import { EntrySettings } from './entry-settings.tsx'
import { useDraft, useEditorStore } from './store.ts'

/** What holds for the playbook as a whole: whom it is about, who may enter how often, what ends a run early. */
export function PlaybookSettings() {
  const document = useDraft()
  const { getState } = useEditorStore()
  const { manifest, workspace } = useCatalog()
  const world = useMemo(
    (): RuleWorld =>
      ruleWorld(
        workspace,
        document.subject,
        upstreamData(document, null, { manifest, properties: workspace.properties }),
      ),
    [document, manifest, workspace],
  )
  const { enrollment } = document
  const set = (change: { [key in keyof Enrollment]?: Enrollment[key] | undefined }, group: string) =>
    getState().change((draft) => {
      const next = Object.entries({ ...draft.enrollment, ...change }).filter(([, value]) => value !== undefined)
      return { ...draft, enrollment: Object.fromEntries(next) as unknown as Enrollment }
    }, `enrollment.${group}`)
  return (
    <div className="sb-side-body">
      <div>
        <Title order={2}>Playbook</Title>
        <Text size="sm" c="dimmed">
          Choose a step on the canvas to edit it. What holds for the whole playbook is here.
        </Text>
      </div>
      <Textarea
        label="Description"
        placeholder="What it is for"
        rows={2}
        resize="vertical"
        value={document.description ?? ''}
        onChange={(event) => {
          const description = event.currentTarget.value
          getState().change(
            ({ description: _old, ...draft }) => (description === '' ? draft : { ...draft, description }),
            'description',
          )
        }}
      />
      <Input.Wrapper label="It is about" labelElement="div">
        <SegmentedControl
          fullWidth
          mt={4}
          aria-label="It is about"
          data={[
            { value: 'contact', label: 'Contacts' },
            { value: 'account', label: 'Accounts' },
          ]}
          value={document.subject}
          onChange={(subject) =>
            getState().change((draft) => ({ ...draft, subject: subject === 'account' ? 'account' : 'contact' }))
          }
        />
      </Input.Wrapper>
      <EntrySettings enrollment={enrollment} set={set} />
      <ExitRules enrollment={enrollment} world={world} onChange={(exit) => set({ exit }, 'exit')} />
      <GoalField enrollment={enrollment} world={world} onChange={(goal) => set({ goal }, 'goal')} />
    </div>
  )
}

function ExitRules(props: { enrollment: Enrollment; world: RuleWorld; onChange: (exit: Enrollment['exit']) => void }) {
  const { enrollment, world, onChange } = props
  const { exit } = enrollment
  return (
    <Input.Wrapper
      label="Ends early when"
      labelElement="div"
      description="As soon as any of these holds, at the start of a run or while it waits."
    >
      <Stack gap="sm" mt={6}>
        {exit.map((rule, index) => (
          <section key={index} className="sb-case" aria-label={rule.name === '' ? 'Exit rule' : rule.name}>
            <Group gap={4} mb={8} wrap="nowrap" align="flex-end">
              <TextInput
                size="xs"
                style={{ flex: 1 }}
                label="Reason shown on the run"
                value={rule.name}
                onChange={(event) => onChange(exit.toSpliced(index, 1, { ...rule, name: event.currentTarget.value }))}
              />
              <Remove label="Remove this exit rule" onClick={() => onChange(exit.toSpliced(index, 1))} />
            </Group>
            <RuleBuilder
              label={`Rule of ${rule.name}`}
              rule={rule.if}
              world={world}
              onChange={(next) => onChange(exit.toSpliced(index, 1, { ...rule, if: next }))}
            />
            <InWords before="Ends early when" rule={rule.if} />
          </section>
        ))}
        <div>
          <Button
            size="compact-sm"
            variant="light"
            leftSection={<Plus size={14} aria-hidden="true" />}
            onClick={() => onChange([...exit, { name: 'No longer applies', if: { all: [] } }])}
          >
            Add exit rule
          </Button>
        </div>
      </Stack>
    </Input.Wrapper>
  )
}

/** The rule as a sentence: what is meant by all and any is read more easily than seen. */
function InWords({ before, rule }: { before: string; rule: Rule }) {
  const words = ruleSentence(rule)
  return words === '' ? null : (
    <Text size="xs" c="dimmed" mt={6}>
      {before} {words}.
    </Text>
  )
}

function GoalField(props: { enrollment: Enrollment; world: RuleWorld; onChange: (goal: Enrollment['goal']) => void }) {
  const { world, onChange } = props
  const { goal } = props.enrollment
  return (
    <Input.Wrapper label="Goal" labelElement="div" description="A run that reaches it ends as a success.">
      {goal === null ? (
        <div>
          <Button
            size="compact-sm"
            variant="light"
            mt={6}
            leftSection={<Plus size={14} aria-hidden="true" />}
            onClick={() => onChange({ name: 'Goal reached', if: { all: [] } })}
          >
            Set a goal
          </Button>
        </div>
      ) : (
        <section className="sb-case" aria-label="Goal">
          <Group gap={4} mb={8} wrap="nowrap" align="flex-end">
            <TextInput
              size="xs"
              style={{ flex: 1 }}
              label="Name"
              value={goal.name}
              onChange={(event) => onChange({ ...goal, name: event.currentTarget.value })}
            />
            <Remove label="Remove the goal" onClick={() => onChange(null)} />
          </Group>
          <RuleBuilder
            label="Rule of the goal"
            rule={goal.if}
            world={world}
            onChange={(rule) => onChange({ ...goal, if: rule })}
          />
          <InWords before="Reached when" rule={goal.if} />
        </section>
      )}
    </Input.Wrapper>
  )
}
