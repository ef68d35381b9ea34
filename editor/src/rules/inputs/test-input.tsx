import type { PropertyOp } from '../../../../engine/model/rule.ts'
import { OP_WORDS } from '../../../../engine/rules/explain.ts'
import type { DataType } from '../../document/upstream-data.ts'
import { opsFor, type Test, withOp, withValue } from '../test-model.ts'
import { Choice } from './choice.tsx'
import { ValueInput } from './value-input.tsx'

/** A comparison and what it compares with. */
export function TestInput<T extends Test>(props: {
  test: T
  onChange: (test: T) => void
  type: DataType
  /** Begins new calendar periods. */
  zone: string
  /** The only comparisons there are, whatever the type. */
  ops?: readonly PropertyOp[]
  /** Names to choose from. */
  options?: readonly string[]
}) {
  const { test, onChange, type, zone, ops, options } = props
  return (
    <>
      <Choice
        label="Comparison"
        width={158}
        data={opsFor(type, test.op, ops).map((op) => ({ value: op, label: OP_WORDS[op] }))}
        value={test.op}
        onChange={(op) => onChange(withOp(test, op, { type, zone }))}
      />
      <ValueInput
        test={test}
        type={type}
        options={options}
        value={test.value}
        onChange={(value) => onChange(withValue(test, value))}
      />
    </>
  )
}
