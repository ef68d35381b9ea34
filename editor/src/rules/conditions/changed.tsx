import type { ChangedRule } from '../../../../engine/model/rule.ts'
import type { Json } from '../../../../nodes/manifest.ts'
import { PropertyInput } from '../../inspector/property-input.tsx'
import type { DataType } from '../../document/upstream-data.ts'
import type { ConditionKind, Part } from '../condition-kind.ts'
import { Choice } from '../inputs/choice.tsx'
import { ValueInput } from '../inputs/value-input.tsx'
import { WindowInput } from '../inputs/window-input.tsx'
import { typeOfPath } from '../rule-world.ts'
import { withWindow } from '../window-model.ts'

type Side = 'from' | 'to'
type SideKind = 'anything' | 'nothing' | 'value'

const sideKind = (value: Json | undefined): SideKind =>
  value === undefined ? 'anything' : value === null ? 'nothing' : 'value'

/** With one side set, or left out. */
function withSide(rule: ChangedRule, side: Side, value: Json | undefined): ChangedRule {
  const { [side]: _, ...rest } = rule
  return value === undefined ? rest : { ...rule, [side]: value }
}

function Body({ rule, onChange, world }: Part<ChangedRule>) {
  const groups = world.groups
    .map(({ title, data }) => ({ title, data: data.filter(({ path }) => isWhole(path)) }))
    .filter(({ data }) => data.length > 0)
  const type = typeOfPath(rule.changed, world)
  return (
    <>
      <PropertyInput
        size="xs"
        ariaLabel="Property that changed"
        value={rule.changed}
        groups={groups}
        onChange={(changed) => onChange({ ...rule, changed })}
      />
      <SideInput side="from" rule={rule} type={type} onChange={onChange} />
      <SideInput side="to" rule={rule} type={type} onChange={onChange} />
      <WindowInput
        value={rule.within}
        zone={world.timeZone}
        onChange={(within) => onChange(withWindow(rule, within))}
      />
    </>
  )
}

/** Changes are of whole properties of somebody, not of parts of one. */
const isWhole = (path: string): boolean =>
  /^(contact|account)\.[^.]+$/.test(path) && !path.endsWith('.id') && !path.endsWith('.externalId')

function SideInput(props: { side: Side; rule: ChangedRule; type: DataType; onChange: (rule: ChangedRule) => void }) {
  const { side, rule, type, onChange } = props
  const value = rule[side]
  const fresh: { [kind in SideKind]: Json | undefined } = {
    anything: undefined,
    nothing: null,
    value: type === 'number' ? 0 : type === 'boolean' ? true : '',
  }
  return (
    <span className="sb-rule-piece">
      <Choice<SideKind>
        label={side === 'from' ? 'From' : 'To'}
        width={124}
        data={[
          { value: 'anything', label: `${side} anything` },
          { value: 'nothing', label: `${side} nothing` },
          { value: 'value', label: `${side} the value` },
        ]}
        value={sideKind(value)}
        onChange={(kind) => onChange(withSide(rule, side, fresh[kind]))}
      />
      {sideKind(value) === 'value' && (
        <ValueInput
          test={{ op: 'eq' }}
          type={type}
          value={value}
          // An emptied number is no value yet; anything else would be another question.
          onChange={(next) => onChange(withSide(rule, side, next ?? ''))}
        />
      )}
    </span>
  )
}

/** Whether a property changed, from and to what, and when. */
export const changedCondition: ConditionKind<ChangedRule> = {
  label: 'Change',
  fresh: (_, { within }) => ({ changed: '', within: within ?? 'P30D' }),
  Body,
}
