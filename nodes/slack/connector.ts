import { z } from 'zod'
import { defineConnector } from '../define.ts'
import { fields } from '../fields.ts'
import { parseSettings } from '../settings.ts'
import type { SlackClient } from './types.ts'

const credentials = z.strictObject({
  token: fields.secret('Bot token', {
    help: 'From the Slack app’s “OAuth & Permissions” page, with the scope chat:write.',
    placeholder: 'xoxb-…',
  }),
})

const settings = z.strictObject({
  baseUrl: fields
    .of(z.url({ protocol: /^https?$/, error: 'Write an address that starts with https://.' }).max(2000), {
      widget: 'text',
      label: 'Slack address',
      help: 'Slack’s own unless you go through a proxy.',
    })
    .default('https://slack.com/api/'),
})

export const slackConnector = defineConnector<SlackClient>({
  app: 'slack',
  label: 'Slack',
  icon: 'slack',
  help: 'Posts messages as your Slack app.',
  auth: ['token'],
  oauth: null,
  credentials,
  settings,
  // Slack allows a message a second to a channel and "several hundred per minute" to a workspace.
  budget: { calls: 300, perMs: 60_000 },
  async client(connection, environment) {
    const { token } = parseSettings(credentials, connection.credentials, 'Slack')
    const { baseUrl } = parseSettings(settings, connection.settings, 'Slack')
    const { makeSlackClient } = await import('./client.ts')
    return makeSlackClient({ baseUrl, token }, environment)
  },
  async check(client) {
    const { team, user, url } = await client.whoAmI()
    return { identity: `${user} in ${team}`, details: { team, user, url } }
  },
})
