import { z } from 'zod'
import { procedure, router } from '../trpc.ts'
import {
  accountRow,
  accountView,
  contactRow,
  contactView,
  eventListInput,
  eventRow,
  listInput,
  page,
  sendEventInput,
} from './customer-schemas.ts'
import { listEvents } from './list-events.ts'
import { listAccounts, listContacts, viewAccount, viewContact } from './read-customers.ts'
import { sendEvent } from './send-event.ts'

const tags = ['Customers']
const byId = z.object({ id: z.string().min(1).max(500).describe('Your own id, or ours.') })

export const contactsRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: { method: 'GET', path: '/v1/contacts', tags, summary: 'Contacts, the last changed first' },
  })
    .input(listInput)
    .output(page(contactRow))
    .query(({ ctx, input }) => listContacts(ctx, input)),

  get: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/contacts/{id}',
      tags,
      summary: 'One contact: properties, identities, segments and signals, events, runs',
    },
  })
    .input(byId)
    .output(contactView)
    .query(({ ctx, input }) => viewContact(ctx, input)),
})

export const accountsRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: { method: 'GET', path: '/v1/accounts', tags, summary: 'Accounts, the last changed first' },
  })
    .input(listInput)
    .output(page(accountRow))
    .query(({ ctx, input }) => listAccounts(ctx, input)),

  get: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/accounts/{id}',
      tags,
      summary: 'One account: properties, members, segments and signals, events, runs',
    },
  })
    .input(byId)
    .output(accountView)
    .query(({ ctx, input }) => viewAccount(ctx, input)),
})

export const eventsRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/events',
      tags,
      summary: 'Received events, the newest first, with what each started, or why nothing',
    },
  })
    .input(eventListInput)
    .output(page(eventRow))
    .query(({ ctx, input }) => listEvents(ctx, input)),

  // From outside there is POST /v1/track.
  send: procedure({ scope: 'events:write' })
    .input(sendEventInput)
    .output(z.object({ messageId: z.string() }))
    .mutation(({ ctx, input }) => sendEvent(ctx, input)),
})
