import { type RawBuilder, sql } from 'kysely'
import { assertNever } from '../../engine/model/assert-never.ts'
import { parsePath } from '../../engine/model/path.ts'
import type { ChangedRule, PropertyRule } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import { canBeThere, json, text, uuid } from './bind.ts'
import {
  type Asked,
  both,
  type Condition,
  constant,
  NO,
  type Place,
  someRow,
  type SubjectKind,
  type Value,
} from './place.ts'
import { compareSql, ofMissing } from './values.ts'
import { withinBounds } from './windows.ts'

/** A rule that only a run can answer. */
export class NotInSql extends Error {
  constructor(path: string) {
    super(
      `${path}: only runs have that, so nobody can be looked up by it. Use a property of the contact or account, or an event.`,
    )
    this.name = 'NotInSql'
  }
}

/** @throws NotInSql for what a trigger brought or a step left */
export function compileProperty(rule: PropertyRule, place: Place): Condition {
  const path = parsePath(rule.property)
  const missing = constant(ofMissing(rule, place.now))
  if (path === null) return missing
  switch (path.root) {
    case 'trigger':
    case 'steps':
    case 'vars':
    case 'item':
      throw new NotInSql(rule.property)
    case 'contact':
      if (place.subject !== 'contact') return missing
      return compareSql(rule, propertyOf(place.alias, 'contact', path.name), place.now)
    case 'account': {
      if (place.subject === 'account') return compareSql(rule, propertyOf(place.alias, 'account', path.name), place.now)
      const holds = compareSql(rule, propertyOf('account', 'account', path.name), place.now)
      return someRow(place, { ...onlyAccounts(place), ofNone: ofMissing(rule, place.now) }, holds)
    }
    default:
      return assertNever(path)
  }
}

/** Contacts of one account alone, with that account: a contact of several has none that rules see. */
function onlyAccounts(place: Place): { rows: RawBuilder<unknown>; key: RawBuilder<unknown> } {
  return {
    rows: sql`account_contacts AS link JOIN accounts AS account ON account.workspace_id = link.workspace_id AND account.id = link.account_id
      WHERE link.workspace_id = ${uuid(place.workspaceId)} AND ${isOnly()}`,
    key: sql`link.contact_id`,
  }
}

/**
 * Whether the account of `link` is the contact's only one.
 * @param among few: looked up one by one, for as a join Postgres takes it to leave nobody and works out everybody's
 */
export const isOnly = (
  among: Asked['among'] = 'many',
): Condition => sql<boolean>`NOT EXISTS (SELECT 1 FROM account_contacts AS other
  WHERE other.workspace_id = link.workspace_id AND other.contact_id = link.contact_id AND other.account_id <> link.account_id
  ${among === 'few' ? sql`OFFSET 0` : sql``})`

/** `readProperty` in SQL: the exact name first, else the path into a structured property. */
export function propertyOf(alias: 'subject' | 'related' | 'account', kind: SubjectKind, name: string): Value {
  const column = (of: string): RawBuilder<unknown> => sql`${sql.ref(`${alias}.${of}`)}`
  if (name === 'id') return sql`to_jsonb(${column('id')}::text)`
  if (name === 'externalId') return sql`coalesce(to_jsonb(${column('external_id')}), 'null')`
  const [first = '', ...rest] = name.split('.')
  const properties = column('properties')
  // E-mail and name have columns of their own and are read like properties.
  const named = first === 'name' || (first === 'email' && kind === 'contact') ? column(first) : null
  if (rest.length === 0)
    return named === null ? key(properties, name) : sql`coalesce(to_jsonb(${named}), ${key(properties, name)})`
  const structured = stepDown(properties, [first, ...rest])
  const found = sql`coalesce(${key(properties, name)}, ${structured})`
  // A path leads nowhere where the column says a text.
  return named === null
    ? found
    : sql`coalesce(${key(properties, name)}, CASE WHEN ${named} IS NULL THEN ${structured} END)`
}

/** `readPath` in SQL: own names of objects, whole numbers into lists. */
export function stepDown(from: Value, path: readonly string[]): Value {
  return path.reduce((at, part) => key(at, part), from)
}

const INDEX = /^(0|[1-9]\d{0,9})$/

/** One step. `->` with a text reads objects alone; `#>` reads lists as well, and would take `-1` and `007` for places. */
function key(from: Value, part: string): Value {
  if (!canBeThere(part)) return sql`NULL::jsonb`
  return INDEX.test(part) ? sql`(${from} #> ARRAY[${text(part)}])` : sql`(${from} -> ${text(part)})`
}

/** Whether a property changed, by what is known of its history. */
export function compileChanged(rule: ChangedRule, place: Place): Condition {
  const path = parsePath(rule.changed)
  if (path === null || (path.root !== 'contact' && path.root !== 'account')) throw new NotInSql(rule.changed)
  if (!canBeThere(path.name) || !(canBeThere(rule.from ?? null) && canBeThere(rule.to ?? null))) return NO
  if (path.root === 'contact' && place.subject === 'account') return NO
  const bounds = withinBounds(rule.within, sql`change.at`, place.now)
  if (bounds === null) return NO
  const rows = (join: RawBuilder<unknown>): RawBuilder<unknown> => sql`property_changes AS change ${join}
    WHERE change.workspace_id = ${uuid(place.workspaceId)} AND change.property = ${text(path.name)} AND ${bounds}`
  const meant = both([was(sql`change.before`, rule.from), was(sql`change.value`, rule.to)])
  if (path.root === place.subject)
    return someRow(place, { rows: rows(sql``), key: sql`change.subject_id`, ofNone: false }, meant)
  const join = sql`JOIN account_contacts AS link ON link.workspace_id = change.workspace_id AND link.account_id = change.subject_id AND ${isOnly()}`
  return someRow(place, { rows: rows(join), key: sql`link.contact_id`, ofNone: false }, meant)
}

const was = (column: Value, wanted: Json | undefined): Condition =>
  wanted === undefined ? constant(true) : sql<boolean>`coalesce(${column}, 'null') = ${json(wanted)}`
