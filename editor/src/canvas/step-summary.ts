import type { DocumentStep } from '../../../engine/model/playbook.ts'
import { describeDuration, parseDuration } from '../../../engine/model/duration.ts'
import { ERROR_PORT } from '../../../engine/model/plan.ts'
import { canFail, type FieldManifest, type Json, type StepManifest } from '../../../nodes/manifest.ts'
import { asRule } from '../../../engine/rules/check.ts'
import { describe } from '../../../engine/rules/explain.ts'
import { windowsOf, windowWords } from '../inspector/open-hours.ts'
import { zoneWords } from '../ui/zones.ts'

/**
 * One line on what a filled step does: the definition's summary with the step's own values.
 * @param timeZone the workspace's
 */
export function summaryOf(step: DocumentStep, definition: StepManifest, timeZone: string): string {
  return definition.summary
    .replace(/\{(\w+)\}/g, (_, name: string) => {
      const field = definition.fields.find((candidate) => candidate.name === name)
      const value = step.input[name]
      if (field?.widget === 'timeZone') return isDrawn(field, step) ? clockWords(step.input, { value, timeZone }) : ''
      if (value === undefined || value === '' || value === null)
        return field !== undefined && (field.required || applies(field, step)) ? `‹${field.label.toLowerCase()}›` : ''
      return valueWords(value, field)
    })
    .replace(/\s+/g, ' ')
    .replace(/\s*,\s*$/, '')
    .replaceAll(' ,', ',')
    .trim()
}

/** By whose clocks: a property may hold the subject's zone, which comes first. */
function clockWords(input: DocumentStep['input'], { value, timeZone }: { value: Json | undefined; timeZone: string }) {
  const words = zoneWords(value, timeZone)
  const { zoneFrom } = input
  return typeof zoneFrom === 'string' && zoneFrom !== '' ? `by ${zoneFrom}, else ${words}` : words
}

const isDrawn = ({ when }: FieldManifest, step: DocumentStep): boolean =>
  when === undefined || when.is.includes(String(step.input[when.field]))

const applies = (field: FieldManifest, step: DocumentStep): boolean => {
  if (field.when === undefined || !field.when.required) return false
  const value = step.input[field.when.field]
  return typeof value === 'string' && field.when.is.includes(value)
}

function valueWords(value: Json, field: FieldManifest | undefined): string {
  if (field?.widget === 'rule') return ruleInWords(value)
  if (typeof value === 'string') {
    if (field?.widget === 'duration') {
      const parsed = parseDuration(value)
      return parsed.ok ? describeDuration(parsed.ms) : value
    }
    return templateWords(value)
  }
  if (Array.isArray(value)) return value.map((item) => listWords(item)).join(', ')
  if (value !== null && typeof value === 'object') return Object.keys(value).join(', ')
  return String(value)
}

/** One that is not complete yet is a rule all the same. */
function ruleInWords(value: Json): string {
  const rule = asRule(value)
  return rule === null ? '‹rule›' : describe(rule)
}

const listWords = (item: Json): string => {
  const [window] = windowsOf([item])
  if (window !== undefined) return windowWords(window)
  if (item === null || typeof item !== 'object' || Array.isArray(item) || typeof item.port !== 'string')
    return valueWords(item, undefined)
  return typeof item.percent === 'number' ? `${item.port} ${item.percent} %` : item.port
}

/** Whether a port is that of an action's failure; a case of a branch may be called “error” too. */
export const isErrorPort = (definition: StepManifest | undefined, port: string): boolean =>
  definition !== undefined && canFail(definition) && port === ERROR_PORT

/** What stands at a port: its name, of an arm also its share, and of a failure that it is one. */
export function portWords(step: DocumentStep, definition: StepManifest | undefined, port: string): string {
  if (isErrorPort(definition, port)) return 'if it fails'
  const list = definition !== undefined && 'each' in definition.ports ? step.input[definition.ports.each.field] : null
  const item = Array.isArray(list)
    ? list.find((one) => one !== null && typeof one === 'object' && !Array.isArray(one) && one.port === port)
    : undefined
  return item === undefined ? port : listWords(item)
}

/** `{{ contact.id }}` reads as `contact`, `{{ account.mrr * 12 }}` as `account.mrr * 12`. */
export const templateWords = (text: string): string =>
  text.replace(/\{\{\s*([\s\S]*?)\s*\}\}/g, (_, expression: string) =>
    expression === 'contact.id' || expression === 'account.id' ? `the ${expression.split('.')[0]}` : expression,
  )

/** What people call a step: its own label, else the definition's. */
export const labelOf = (step: DocumentStep, definition: StepManifest | undefined): string =>
  step.label ?? definition?.label ?? step.type
