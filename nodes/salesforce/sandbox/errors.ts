import type { Json } from '../../manifest.ts'

/** One error as Salesforce's REST API words it. */
export interface ApiError {
  code: string
  message: string
  fields?: string[]
  /** Further members of the error object, e.g. `duplicateResult`. */
  more?: { [name: string]: Json }
}

/** Thrown anywhere in the stand-in; the routes answer it as an error array, collections as a record's result. */
export class SalesforceError extends Error {
  readonly status: number
  readonly errors: ApiError[]
  constructor(status: number, errors: ApiError[]) {
    super(errors.map((error) => `${error.code}: ${error.message}`).join('; '))
    this.name = 'SalesforceError'
    this.status = status
    this.errors = errors
  }
}

/** A refusal with one error; 400 unless said otherwise. */
export const refuse = (code: string, message: string, more: { status?: number; fields?: string[] } = {}) =>
  new SalesforceError(more.status ?? 400, [{ code, message, fields: more.fields ?? [] }])

/** The body of a refused call. `fields` is left out where Salesforce leaves it out: outside of record errors. */
export const errorBody = (errors: ApiError[]): Json =>
  errors.map(({ code, message, fields, more }) => ({
    message,
    errorCode: code,
    ...(fields === undefined ? {} : { fields }),
    ...more,
  }))

/** The same inside a collection's result, where the code is called `statusCode`. */
export const resultErrors = (errors: ApiError[]): Json =>
  errors.map(({ code, message, fields, more }) => ({ statusCode: code, message, fields: fields ?? [], ...more }))
