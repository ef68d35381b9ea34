/** What the commands take beside their arguments. */
export const OPTIONS = {
  dir: { type: 'string' },
  contact: { type: 'string' },
  account: { type: 'string' },
  data: { type: 'string' },
  key: { type: 'string' },
  playbook: { type: 'string' },
  status: { type: 'string' },
  subject: { type: 'string' },
  force: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

export type CliOptions = { [name in Exclude<keyof typeof OPTIONS, 'force' | 'help'>]?: string | undefined } & {
  force?: boolean | undefined
}
