import { z } from 'zod'

/**
 * Text that the database can keep as it is: Postgres has no NUL, and half a surrogate pair would come back as another
 * character.
 */
export const storedText = (most: number) =>
  z
    .string()
    .max(most)
    .refine((text) => !text.includes('\u0000') && text.isWellFormed(), {
      message: 'The text holds a NUL character or half a surrogate pair; remove it.',
    })

/** The same, with something in it beside blanks. */
export const filledText = (most: number) =>
  storedText(most).refine((text) => text.trim() !== '', { message: 'Write something.' })
