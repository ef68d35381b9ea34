import { z } from 'zod'
import type { Rule } from '../../engine/model/rule.ts'
import { ruleSchema } from '../../engine/model/rule-schema.ts'
import { subjectKind } from '../audiences/audience-schemas.ts'
import { MOST_COLUMNS } from '../customers/list-columns.ts'

const isoTime = z.iso.datetime({ offset: true })

const WIDTH = { least: 60, most: 800 }

const column = z.strictObject({
  id: z.string().min(1).max(300).describe('contact.<property>, account.<property>, score.<slug>, email, segments …'),
  /** Pixels. */
  width: z.int().min(WIDTH.least).max(WIDTH.most).optional(),
})

export const viewDefinition = z.strictObject({
  filter: ruleSchema.nullable().default(null).describe('Null: everybody.'),
  columns: z.array(column).max(MOST_COLUMNS).describe('Beside the name, in their order.'),
  sort: z.string().min(1).max(300).default('-updatedAt'),
})
/** What a table shows: who, which columns, in what order. */
export interface ViewDefinition {
  filter: Rule | null
  columns: Array<{ id: string; width?: number | undefined }>
  sort: string
}

const name = z.string().trim().min(1, 'Give the view a name.').max(100)
const id = z.uuid('Write the id of a view, as the list gives it.')

export const viewListInput = z.object({ subject: subjectKind.optional().describe('Left out: of both.') })
export const viewInput = z.strictObject({ subject: subjectKind, name, definition: viewDefinition })
export interface ViewInput {
  subject: 'contact' | 'account'
  name: string
  definition: ViewDefinition
}
export const viewChange = z.strictObject({ id, name: name.optional(), definition: viewDefinition.optional() })
export interface ViewChange {
  id: string
  name?: string | undefined
  definition?: ViewDefinition | undefined
}
export const viewById = z.strictObject({ id })

export const savedView = z.object({
  id: z.string(),
  subject: subjectKind,
  name: z.string(),
  definition: viewDefinition,
  createdBy: z.string(),
  createdAt: isoTime,
  updatedAt: isoTime,
})
export type SavedView = z.output<typeof savedView>
