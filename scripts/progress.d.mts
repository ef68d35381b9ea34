/** @see progress.mjs */
export const BOOTSTRAP_PAGES: string[]
export class UserError extends Error {
  readonly page: string | null
  constructor(message: string, page?: string | null)
}
export function explain(error: UserError): string
