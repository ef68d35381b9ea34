import { z } from 'zod'
import { fields } from '../fields.ts'

const DAY_MS = 86_400_000

/** The calendar day `days` after `from`, in UTC, as Salesforce's date fields take it. */
export function dayAfter(from: Date, days: number): string {
  return new Date(from.getTime() + days * DAY_MS).toISOString().slice(0, 10)
}

/** The optional owner of a new record. */
export const ownerField = () =>
  fields
    .of(
      z
        .string()
        .regex(
          /^005[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$/,
          'A Salesforce user id starts with 005 and has 15 or 18 characters.',
        ),
      {
        widget: 'text',
        label: 'Owner',
        help: 'Id of a Salesforce user. Empty: the connected user.',
        placeholder: '0058d00000AbCdEAAV',
        template: true,
      },
    )
    .optional()
