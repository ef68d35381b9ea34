export interface EmailMessage {
  messageId: string
  to: string[]
  cc: string[]
  replyTo: string | null
  subject: string
  text: string
}

export interface EmailClient {
  /** The connection's sender address. */
  readonly from: string
  /** @returns who was refused by the server while others were taken. @throws FaultError */
  send(message: EmailMessage): Promise<{ accepted: string[]; rejected: string[] }>
  /** Connects and signs in, sends nothing. @throws FaultError */
  verify(): Promise<void>
}
