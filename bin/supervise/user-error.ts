/** Each has a page in docs/errors/start that says more than a terminal line can. */
export const ERROR_PAGES = [
  'ALREADY_RUNNING',
  'DATA_FOLDER_NOT_WRITABLE',
  'ENVIRONMENT_INVALID',
  'PORT_IN_USE',
  'POSTGRES_AS_ROOT',
  'SERVER_UNREACHABLE',
] as const

export type ErrorPage = (typeof ERROR_PAGES)[number]

/** What a person can mend: a process root prints the message alone and exits non-zero, without a stack trace. */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly page: string | null

  constructor(message: string, page: ErrorPage | null = null) {
    super(message)
    this.page = page
  }
}

/** Whether `error` is meant for a person, here or from the bootstrap's plain JavaScript modules. */
export function isUserError(error: unknown): error is Error & { page: string | null } {
  return error instanceof Error && (error instanceof UserError || error.constructor.name === 'UserError')
}

/** The message as a terminal shows it, with the page to read on. */
export function explain(error: Error & { page: string | null }): string {
  return error.page === null ? error.message : `${error.message}\nMore: docs/errors/start/${error.page}.md`
}
