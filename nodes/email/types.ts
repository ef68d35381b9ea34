export interface EmailMessage {
  messageId: string
  to: string[]
  cc: string[]
  replyTo: string | null
  subject: string
  text: string
  /** Where the recipient says that they want no more of it, by one click (RFC 8058); null: nobody to say so. */
  unsubscribeUrl: string | null
}

export interface EmailClient {
  /** The connection's sender address. */
  readonly from: string
  /** @returns who was refused by the server while others were taken. @throws FaultError */
  send(message: EmailMessage): Promise<{ accepted: string[]; rejected: string[] }>
  /** Connects and signs in, sends nothing. @throws FaultError */
  verify(): Promise<void>
}
