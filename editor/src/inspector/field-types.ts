import type { ReactNode } from 'react'
import type { DocumentStep } from '../../../engine/model/playbook.ts'
import type { Problem } from '../../../engine/model/problem.ts'
import type { FieldManifest, Json } from '../../../nodes/manifest.ts'
import type { DataGroup } from '../document/upstream-data.ts'
import type { RuleWorld } from '../rules/rule-model.ts'

/** What every widget gets. `undefined` is an empty field. */
export interface FieldProps {
  field: FieldManifest
  value: Json | undefined
  onChange: (value: Json | undefined) => void
  /** Said below the field, or undefined. */
  error: ReactNode
  groups: DataGroup[]
  world: RuleWorld
  /** What the step's other fields hold. */
  siblings?: DocumentStep['input']
}

/** The words round a Mantine input. */
export const wordsOf = ({ field, error }: Pick<FieldProps, 'field' | 'error'>) => ({
  label: field.label,
  description: field.help,
  error,
  required: field.required,
  withAsterisk: false,
  placeholder: field.placeholder,
})

export const problemWords = (problems: readonly Problem[]): ReactNode =>
  problems.length === 0 ? undefined : problems.map((problem) => `${problem.message} ${problem.fix}`).join(' ')

export const asText = (value: Json | undefined): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
