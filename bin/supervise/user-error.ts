/** What a person can mend: a process root prints the message alone and exits non-zero, without a stack trace. */
export class UserError extends Error {
  override readonly name = 'UserError'
}

/** Whether `error` is meant for a person, here or from the bootstrap's plain JavaScript modules. */
export function isUserError(error: unknown): error is Error {
  return error instanceof Error && (error instanceof UserError || error.constructor.name === 'UserError')
}
