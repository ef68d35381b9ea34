import type { z } from 'zod'
import { FaultError } from './fault.ts'

/**
 * A connection's credentials or settings, held to the connector's schema.
 * @throws FaultError CONFIGURATION, which names the fields but never their values.
 */
export function parseSettings<S extends z.ZodType>(schema: S, value: unknown, label: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map(
    (issue) => `${issue.path.join('.') || 'form'}: ${issue.message.replace(/\.$/, '')}`,
  )
  throw new FaultError({
    code: 'CONFIGURATION',
    who: 'user',
    message: `The ${label} connection is set up wrongly. ${problems.join('; ')}.`,
    fix: 'Correct it in Connections.',
  })
}
