import type { Json } from '../../manifest.ts'
import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { SalesforceError } from './errors.ts'
import type { Org } from './org.ts'
import type { ObjectSpec } from './schema.ts'
import { textOf } from './text-of.ts'

const RULES = '_duplicateRule'

export interface DuplicateRule {
  object: string
  /** An indexed field whose equal value makes a duplicate. */
  field: string
  /** `alert` lets a call through that says `allowSave=true`; `block` lets none through. */
  action: 'alert' | 'block'
}

/** Switches a duplicate rule on; one per object, as most orgs have it. */
export function setDuplicateRule(sandbox: Sandbox, rule: DuplicateRule): void {
  sandbox.store.put(RULES, { id: rule.object, body: { ...rule } })
}

/** @throws SalesforceError DUPLICATES_DETECTED with the matching records */
export function checkDuplicateRules(org: Org, object: ObjectSpec, write: { body: RecordBody; allowed: boolean }): void {
  const rule = org.sandbox.store.get(RULES, object.name)
  const value = rule && write.body[textOf(rule['field'])]
  if (!rule || typeof value !== 'string') return
  const matches = org.sandbox.store
    .find(object.name, textOf(rule['field']), value)
    .filter(({ id }) => id !== write.body['Id'])
  const alert = rule['action'] === 'alert'
  if (matches.length === 0 || (alert && write.allowed)) return
  const ids = matches.map(({ id }) => id)
  throw new SalesforceError(400, [
    {
      code: 'DUPLICATES_DETECTED',
      message: 'Use one of these records?',
      fields: [],
      more: { duplicateResult: duplicateResult(object, ids, alert) },
    },
  ])
}

function duplicateResult(object: ObjectSpec, ids: string[], allowSave: boolean): Json {
  const matchRecords = ids.map((id) => ({
    additionalInformation: [],
    fieldDiffs: [],
    matchConfidence: 100,
    record: { attributes: { type: object.name, url: `/services/data/v66.0/sobjects/${object.name}/${id}` }, Id: id },
  }))
  return {
    allowSave,
    duplicateRule: `Standard_${object.name}_Duplicate_Rule`,
    duplicateRuleEntityType: object.name,
    errorMessage: 'Use one of these records?',
    matchResults: [
      {
        entityType: object.name,
        errors: [],
        matchEngine: 'FuzzyMatchEngine',
        matchRecords,
        rule: `Standard_${object.name}_Match_Rule`,
        size: ids.length,
        success: true,
      },
    ],
  }
}
