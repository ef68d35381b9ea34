import { guessType } from './cell-values.ts'
import type { ColumnTarget, ImportKind, ImportMapping } from './import-schemas.ts'

type PlainTarget = Exclude<ColumnTarget['to'], 'property'>

/** What columns are called, without case, spaces and signs. */
const NAMES: Array<[PlainTarget, RegExp, ImportKind[]]> = [
  ['email', /^(e?mail|e?mailaddress|workemail|primaryemail)$/, ['contacts']],
  ['userId', /^(userid|user|externalid|externaluserid|contactid|customerid)$/, ['contacts', 'events']],
  ['userId', /^id$/, ['contacts']],
  ['anonymousId', /^(anonymousid|deviceid|visitorid)$/, ['contacts', 'events']],
  ['name', /^(name|fullname|contactname|displayname)$/, ['contacts']],
  ['name', /^(name|accountname|companyname|company|account)$/, ['accounts']],
  ['groupId', /^(groupid|accountid|companyid|organi[sz]ationid|orgid)$/, ['contacts', 'accounts', 'events']],
  ['groupId', /^(id|externalid)$/, ['accounts']],
  ['event', /^(event|eventname|action)$/, ['events']],
  ['timestamp', /^(timestamp|time|date|occurredat|happenedat|eventtime|createdat|datetime)$/, ['events']],
]

/** Columns that our own files of refused rows have beside the original ones. */
export const REFUSED_COLUMNS = ['Row', 'Why it was refused']

/** What a file most likely means, for a person to look over. Each plain target is given once. */
export function suggestMapping(
  kind: ImportKind,
  columns: Array<{ name: string; samples: string[] }>,
  eventName: string | null = null,
): ImportMapping {
  const given = new Set<PlainTarget>()
  const targets = columns.map(({ name, samples }): ColumnTarget => {
    if (REFUSED_COLUMNS.includes(name)) return { to: 'skip' }
    const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
    const known = NAMES.find(([to, pattern, kinds]) => kinds.includes(kind) && pattern.test(plain) && !given.has(to))
    const { type, dates } = guessType(samples)
    if (known !== undefined) {
      given.add(known[0])
      return { to: known[0], ...(known[0] === 'timestamp' && dates !== 'iso' ? { dates } : {}) }
    }
    if (name.trim() === '' || samples.every((cell) => cell === '')) return { to: 'skip' }
    return { to: 'property', property: name.trim().slice(0, 200), type, ...(dates === 'iso' ? {} : { dates }) }
  })
  return { columns: targets, ...(kind === 'events' && !given.has('event') ? { event: eventName } : {}) }
}
