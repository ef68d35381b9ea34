import { z } from 'zod'
import { fields } from '../fields.ts'

const MOST_METADATA = 10
const LONGEST_TEXT = 255

/** The name of a tag. */
export const tagField = () => fields.text('Tag', { max: 255, placeholder: 'expansion' })

/** Data of an event. Intercom would silently leave out what is over its limits; we refuse it. */
export const metadataField = () =>
  fields.of(
    z
      .record(z.string(), z.union([z.string().max(LONGEST_TEXT), z.number(), z.boolean(), z.null()]))
      .refine((metadata) => Object.keys(metadata).length <= MOST_METADATA, {
        error: `Intercom keeps ${MOST_METADATA} names per event. Remove some.`,
      }),
    {
      widget: 'keyValue',
      label: 'Metadata',
      help: `Up to ${MOST_METADATA} names; texts of up to ${LONGEST_TEXT} characters.`,
      template: true,
    },
  )
