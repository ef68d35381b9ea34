import { z } from 'zod'
import { procedure, router } from '../trpc.ts'
import { listEventSettings, listPropertySettings } from './read-settings.ts'
import { eventSettingChange, eventSettings, propertySettingChange, propertySettings } from './settings-schemas.ts'
import { changeEventSetting, changePropertySetting } from './write-settings.ts'

const tags = ['Settings']
const nameOnly = z.object({ name: z.string() })

/** What a workspace takes of what is sent. */
export const dataSettingsRouter = router({
  events: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/settings/events',
      tags,
      summary: 'Names of events, how often they came, and which are ignored',
    },
  })
    .output(eventSettings)
    .query(({ ctx }) => listEventSettings(ctx)),

  changeEvent: procedure({
    scope: 'data:write',
    rest: {
      method: 'PATCH',
      path: '/v1/settings/events/{name}',
      tags,
      summary: 'Ignores events of a name, or takes them again',
      description:
        'An ignored event is kept as refused with the code EVENT_IGNORED and starts nothing. In force within 4 s.',
    },
  })
    .input(eventSettingChange)
    .output(nameOnly)
    .mutation(({ ctx, input }) => changeEventSetting(ctx, input)),

  properties: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/settings/properties',
      tags,
      summary: 'Properties of contacts and accounts, how many have them, and which are blocked or masked',
    },
  })
    .output(propertySettings)
    .query(({ ctx }) => listPropertySettings(ctx)),

  changeProperty: procedure({
    scope: 'data:write',
    rest: {
      method: 'PATCH',
      path: '/v1/settings/properties/{subject}/{name}',
      tags,
      summary: 'Blocks, masks or describes a property',
      description:
        'A blocked property is left out of what comes in, and the answer to the sender says so. Masks are changed by owners.',
    },
  })
    .input(propertySettingChange)
    .output(nameOnly)
    .mutation(({ ctx, input }) => changePropertySetting(ctx, input)),
})
