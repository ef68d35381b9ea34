export interface SlackMessage {
  channel: string
  text: string
  threadTs?: string
}

export interface SlackClient {
  /** @throws FaultError */
  postMessage(message: SlackMessage): Promise<{ channel: string; ts: string }>
  /** Who the token speaks for. @throws FaultError */
  whoAmI(): Promise<{ team: string; user: string; url: string }>
}
