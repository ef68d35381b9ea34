import type { PropertyRule } from '../../../../engine/model/rule.ts'
import { PropertyInput } from '../../inspector/property-input.tsx'
import type { ConditionKind, Part } from '../condition-kind.ts'
import { TestInput } from '../inputs/test-input.tsx'
import { typeOfPath } from '../rule-world.ts'
import { withType } from '../test-model.ts'

function Body({ rule, onChange, world }: Part<PropertyRule>) {
  const zone = world.timeZone
  return (
    <>
      <PropertyInput
        size="xs"
        ariaLabel="Property"
        value={rule.property}
        groups={world.groups}
        onChange={(property) => onChange(withType({ ...rule, property }, { type: typeOfPath(property, world), zone }))}
      />
      <TestInput test={rule} onChange={onChange} type={typeOfPath(rule.property, world)} zone={zone} />
    </>
  )
}

/** What a property is now. */
export const propertyCondition: ConditionKind<PropertyRule> = {
  label: 'Property',
  fresh: () => ({ property: '', op: 'eq', value: '' }),
  Body,
}
