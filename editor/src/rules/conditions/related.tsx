import type { Count, RelatedRule, Rule } from '../../../../engine/model/rule.ts'
import { relatedOf } from '../../../../engine/rules/kind.ts'
import type { ConditionKind, Part } from '../condition-kind.ts'
import { CountInput } from '../inputs/count-input.tsx'
import { joinPath, type RuleWorld } from '../rule-model.ts'
import { NO_WORLD } from '../rule-world.ts'

const AT_LEAST_ONE: Count = { op: 'gte', value: 1 }

const withInner = (rule: RelatedRule, inner: Rule): RelatedRule =>
  'contacts' in rule ? { ...rule, contacts: inner } : { ...rule, accounts: inner }

function Body({ rule, path, onChange, world, Nested }: Part<RelatedRule>) {
  const { of, rule: inner } = relatedOf(rule)
  const related: RuleWorld = world.related ?? { ...NO_WORLD, subject: of === 'contacts' ? 'contact' : 'account' }
  return (
    <>
      <CountInput value={rule.count ?? AT_LEAST_ONE} unit={of} onChange={(count) => onChange({ ...rule, count })} />
      <span>for which</span>
      <div className="sb-rule-related">
        <Nested
          rule={inner}
          path={joinPath(path, of)}
          world={related}
          onChange={(next) => onChange(withInner(rule, next))}
        />
      </div>
    </>
  )
}

const offered =
  (subject: RuleWorld['subject']) =>
  (world: RuleWorld): boolean =>
    world.related !== null && world.subject === subject

/** For how many of an account's contacts a rule holds. */
export const contactsCondition: ConditionKind<RelatedRule> = {
  label: 'Its contacts',
  fresh: () => ({ contacts: { all: [] } }),
  Body,
  offered: offered('account'),
}

/** For how many of a contact's accounts a rule holds. */
export const accountsCondition: ConditionKind<RelatedRule> = {
  label: 'Their accounts',
  fresh: () => ({ accounts: { all: [] } }),
  Body,
  offered: offered('contact'),
}
