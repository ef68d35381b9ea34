import type { Fault } from '../fault.ts'

/** What nodemailer says of a failure. @see https://nodemailer.com/errors */
export interface SmtpFailure {
  code: string
  /** Node's own word beneath it, e.g. `CERT_HAS_EXPIRED`. */
  cause: string
  /** The server's reply code and line, where it gave one. */
  responseCode: number | null
  response: string
  /** Whether DATA had been sent, so that the message may have been taken. */
  dataSent: boolean
}

/** Node's words for a certificate that does not hold. @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE = /CERT|^ERR_(TLS|SSL)|^UNABLE_TO_|^HOSTNAME_MISMATCH$/

/** One table from SMTP's replies (RFC 5321 §4.2) and broken connections to faults. */
export function faultOfSmtp(failure: SmtpFailure): Fault {
  const { code, cause, responseCode, dataSent } = failure
  const said = failure.response.replace(/\s+/g, ' ').trim().slice(0, 200)
  const vendor = { code, ...(responseCode !== null && { status: responseCode }) }
  const message =
    said === '' ? `The mail server failed (${cause === '' ? code : cause}).` : `The mail server answered “${said}”.`
  const user = (fault: Fault['code'], fix: string): Fault => ({ code: fault, who: 'user', message, fix, vendor })
  const later = (fault: Fault['code']): Fault => ({
    code: fault,
    who: 'vendor',
    message,
    fix: 'Wait; the mail is sent again.',
    vendor,
  })
  if (code === 'EAUTH' || code === 'ENOAUTH')
    return responseCode !== null && responseCode < 500
      ? later('VENDOR_UNAVAILABLE')
      : user('AUTH_EXPIRED', 'Enter user and password again in Connections.')
  if (code === 'ETLS' || CERTIFICATE.test(cause))
    return user('CONFIGURATION', 'Check port, encryption and certificate of the mail server in Connections.')
  if (responseCode === null)
    return dataSent
      ? {
          code: 'OUTCOME_UNKNOWN',
          who: 'user',
          message: `The connection broke (${code}) after the mail was handed over, so it may be on its way.`,
          fix: 'Look whether it arrived.',
          vendor,
        }
      : code === 'EENVELOPE' || code === 'EMESSAGE'
        ? user('INVALID_INPUT', 'Correct the addresses in the step.')
        : later('VENDOR_UNAVAILABLE')
  if (responseCode === 421) return later('VENDOR_UNAVAILABLE')
  if (responseCode < 500) return later('VENDOR_BUSY')
  if (responseCode === 530)
    return user('CONFIGURATION', 'The server wants sign-in or encryption: set it in Connections.')
  return user('INVALID_INPUT', 'Correct recipient, sender or content as the server says.')
}
