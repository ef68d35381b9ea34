import { page } from '../customers/customer-schemas.ts'
import { procedure, router } from '../trpc.ts'
import {
  conversationById,
  conversationInput,
  conversationListInput,
  conversationRow,
  conversationView,
} from './conversation-schemas.ts'
import { listConversations, viewConversation } from './read-conversations.ts'
import { putConversation } from './put-conversation.ts'

const tags = ['Conversations']

export const conversationsRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/conversations',
      tags,
      summary: 'Conversations, the last changed first; of one contact or account where named',
    },
  })
    .input(conversationListInput)
    .output(page(conversationRow))
    .query(({ ctx, input }) => listConversations(ctx, input)),

  view: procedure({
    scope: 'data:read',
    rest: { method: 'GET', path: '/v1/conversations/{id}', tags, summary: 'One conversation with its messages' },
  })
    .input(conversationById)
    .output(conversationView)
    .query(({ ctx, input }) => viewConversation(ctx, input.id)),

  put: procedure({
    scope: 'data:write',
    rest: {
      method: 'PUT',
      path: '/v1/conversations/{app}/{externalId}',
      tags,
      summary: 'Tells of a conversation in another system: makes it known, or changes what is said',
      description:
        'Its contact is found by the id there, by your own id, or by an e-mail address that is not shared. Of nobody we know yet it is kept, and finds its contact as soon as one is known by that.',
    },
  })
    .input(conversationInput)
    .output(conversationView)
    .mutation(({ ctx, input }) => putConversation(ctx, input)),
})
