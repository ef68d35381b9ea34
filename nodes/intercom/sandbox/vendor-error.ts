/** An answer in Intercom's error shape; thrown by the stand-in's handlers. */
export class VendorError extends Error {
  readonly status: number
  readonly code: string
  readonly headers: { [name: string]: string }
  constructor(status: number, code: string, more: { message: string; headers?: { [name: string]: string } }) {
    super(more.message)
    this.name = 'VendorError'
    this.status = status
    this.code = code
    this.headers = more.headers ?? {}
  }
}

const error = (status: number, code: string) => (message: string) => new VendorError(status, code, { message })

export const badParameter = error(400, 'parameter_invalid')
export const missingParameter = error(400, 'parameter_not_found')
export const badRequest = error(400, 'bad_request')
export const clientError = error(400, 'client_error')
export const userNotFound = () => error(404, 'not_found')('User Not Found')
export const resourceNotFound = () => error(404, 'not_found')('Resource Not Found')
export const companyNotFound = () => error(404, 'company_not_found')('Company Not Found')
export const unauthorized = error(401, 'unauthorized')

export const errorBody = (requestId: string, { code, message }: { code: string; message: string }) => ({
  type: 'error.list',
  request_id: requestId,
  errors: [{ code, message }],
})
