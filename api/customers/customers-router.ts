import { z } from 'zod'
import { procedure, router } from '../trpc.ts'
import {
  accountRow,
  accountView,
  contactRow,
  contactView,
  eventDetails,
  eventListInput,
  eventRow,
  filterInput,
  listInput,
  page,
  sendEventInput,
} from './customer-schemas.ts'
import { eventDetails as readDetails } from './event-details.ts'
import { listEvents } from './list-events.ts'
import { membershipsOf, propertyHistory, viewAccount, viewContact } from './profile.ts'
import { countOf, listAccounts, listContacts } from './read-customers.ts'
import { sendEvent } from './send-event.ts'
import type { CustomerKind } from './sort-order.ts'
import { timelineOf } from './timeline.ts'
import { historyInput, membershipWhy, propertyChange, timelineInput, timelineItem } from './timeline-schemas.ts'

const tags = ['Customers']
const byId = z.object({ id: z.string().min(1).max(500).describe('Your own id, or ours.') })

/** What a page about one subject asks for when a part of it is opened: the same for contacts and accounts. */
function detailsOf(kind: CustomerKind) {
  const path = `/v1/${kind}s/{id}`
  return {
    timeline: procedure({
      scope: 'data:read',
      rest: {
        method: 'GET',
        path: `${path}/timeline`,
        tags,
        summary: `Everything about one ${kind}, the newest first: events, changes, segments and signals, runs, writes, conversations, notes, merges`,
      },
    })
      .input(timelineInput)
      .output(page(timelineItem))
      .query(({ ctx, input }) => timelineOf(ctx, kind, input)),

    history: procedure({
      scope: 'data:read',
      rest: {
        method: 'GET',
        path: `${path}/history`,
        tags,
        summary: `All values a property of the ${kind} had, and who wrote each`,
      },
    })
      .input(historyInput)
      .output(page(propertyChange))
      .query(({ ctx, input }) => propertyHistory(ctx, kind, input)),

    memberships: procedure({
      scope: 'data:read',
      rest: {
        method: 'GET',
        path: `${path}/memberships`,
        tags,
        summary: `The segments and signals the ${kind} is in, and why`,
      },
    })
      .input(byId)
      .output(z.object({ data: z.array(membershipWhy) }))
      .query(({ ctx, input }) => membershipsOf(ctx, kind, input)),
  }
}

const counted = z.object({ count: z.int() })

export const contactsRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/contacts',
      tags,
      summary: 'Contacts in pages, the last changed first: searched, filtered by a rule, sorted, with columns',
    },
  })
    .input(listInput)
    .output(page(contactRow))
    .query(({ ctx, input }) => listContacts(ctx, input)),

  count: procedure({
    scope: 'data:read',
    rest: {
      method: 'POST',
      path: '/v1/contacts/count',
      tags,
      summary: 'How many contacts a search and a filter leave',
    },
  })
    .input(filterInput)
    .output(counted)
    .query(({ ctx, input }) => countOf(ctx, 'contact', input)),

  get: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/contacts/{id}',
      tags,
      summary: 'One contact: properties and who wrote them, identities, segments and signals, scores, events, runs',
    },
  })
    .input(byId)
    .output(contactView)
    .query(({ ctx, input }) => viewContact(ctx, input)),

  ...detailsOf('contact'),
})

export const accountsRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/accounts',
      tags,
      summary: 'Accounts in pages, the last changed first: searched, filtered by a rule, sorted, with columns',
    },
  })
    .input(listInput)
    .output(page(accountRow))
    .query(({ ctx, input }) => listAccounts(ctx, input)),

  count: procedure({
    scope: 'data:read',
    rest: {
      method: 'POST',
      path: '/v1/accounts/count',
      tags,
      summary: 'How many accounts a search and a filter leave',
    },
  })
    .input(filterInput)
    .output(counted)
    .query(({ ctx, input }) => countOf(ctx, 'account', input)),

  get: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/accounts/{id}',
      tags,
      summary: 'One account: properties and who wrote them, members, segments and signals, scores, events, runs',
    },
  })
    .input(byId)
    .output(accountView)
    .query(({ ctx, input }) => viewAccount(ctx, input)),

  ...detailsOf('account'),
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

  get: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/events/{seq}',
      tags,
      summary: 'Everything one event did: who it became, what it wrote, what it turned and what it did not',
    },
  })
    .input(z.object({ seq: z.string().regex(/^\d{1,18}$/, 'Send the number that the list of events gives as seq.') }))
    .output(eventDetails)
    .query(({ ctx, input }) => readDetails(ctx, input)),

  // From outside there is POST /v1/track.
  send: procedure({ scope: 'events:write' })
    .input(sendEventInput)
    .output(z.object({ messageId: z.string() }))
    .mutation(({ ctx, input }) => sendEvent(ctx, input)),
})
