import { z } from 'zod'
import { page } from '../customers/customer-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { compareContacts } from './compare-contacts.ts'
import { addIdentity, removeIdentity } from './contact-identities.ts'
import { listDuplicates, setApart } from './duplicates.ts'
import {
  apartInput,
  comparison,
  duplicateListInput,
  duplicateRow,
  identityInput,
  identityRow,
  mergeInput,
  mergeListInput,
  mergeRow,
  sharedMailboxes,
  sharedMailboxesView,
  undoInput,
} from './identity-schemas.ts'
import { listMerges, mergeByHand, undoByHand } from './merge-requests.ts'
import { viewSharedMailboxes, writeSharedMailboxes } from './write-shared-mailboxes.ts'

const tags = ['Identity']
const identities = z.object({ id: z.string(), identities: z.array(identityRow) })

export const identityRouter = router({
  merge: procedure({
    scope: 'data:write',
    rest: {
      method: 'POST',
      path: '/v1/contacts/merge',
      tags,
      summary: 'Makes two contacts one',
      description:
        'The older one with an id of yours stays and takes over what the other has. Where both have open runs of one playbook, the older run goes on and the other ends as merged.',
    },
  })
    .input(mergeInput)
    .output(mergeRow)
    .mutation(({ ctx, input }) => mergeByHand(ctx, input)),

  compare: procedure({
    scope: 'data:read',
    rest: {
      method: 'POST',
      path: '/v1/contacts/compare',
      tags,
      summary: 'Two contacts beside each other, and what a merge would make of them, keeping nothing',
    },
  })
    .input(mergeInput)
    .output(comparison)
    .query(({ ctx, input }) => compareContacts(ctx, input)),

  merges: procedure({
    scope: 'data:read',
    rest: { method: 'GET', path: '/v1/merges', tags, summary: 'Who was merged with whom, when and why' },
  })
    .input(mergeListInput)
    .output(page(mergeRow))
    .query(({ ctx, input }) => listMerges(ctx, input)),

  undo: procedure({
    scope: 'data:write',
    rest: {
      method: 'POST',
      path: '/v1/merges/{id}/undo',
      tags,
      summary: 'Takes a merge back',
      description:
        'Both contacts are there again, each with what it brought and what came for it since; no rule merges them again. Properties that were changed since stay, and are named. A run that ended stays ended.',
    },
  })
    .input(undoInput)
    .output(mergeRow)
    .mutation(({ ctx, input }) => undoByHand(ctx, input.id)),

  duplicates: procedure({
    scope: 'data:read',
    rest: { method: 'GET', path: '/v1/contacts/duplicates', tags, summary: 'Contacts that may be one person, and why' },
  })
    .input(duplicateListInput)
    .output(page(duplicateRow))
    .query(({ ctx, input }) => listDuplicates(ctx, input)),

  setApart: procedure({
    scope: 'data:write',
    rest: { method: 'POST', path: '/v1/contacts/apart', tags, summary: 'Says that two contacts are two persons' },
  })
    .input(apartInput)
    .output(z.object({ contacts: z.tuple([z.string(), z.string()]) }))
    .mutation(({ ctx, input }) => setApart(ctx, input)),

  add: procedure({
    scope: 'data:write',
    rest: {
      method: 'POST',
      path: '/v1/contacts/{id}/identities',
      tags,
      summary: 'Lets a contact be known by one more id',
    },
  })
    .input(identityInput)
    .output(identities)
    .mutation(({ ctx, input }) => addIdentity(ctx, input)),

  remove: procedure({
    scope: 'data:write',
    rest: {
      method: 'DELETE',
      path: '/v1/contacts/{id}/identities/{kind}/{value}',
      tags,
      summary: 'Lets a contact be known by one id less',
    },
  })
    .input(identityInput)
    .output(identities)
    .mutation(({ ctx, input }) => removeIdentity(ctx, input)),

  sharedMailboxes: procedure({
    scope: 'data:read',
    rest: {
      method: 'GET',
      path: '/v1/shared-mailboxes',
      tags,
      summary: 'Addresses behind which there are several people, so that nobody is found by them',
    },
  })
    .output(sharedMailboxesView)
    .query(({ ctx }) => viewSharedMailboxes(ctx)),

  setSharedMailboxes: procedure({
    scope: 'data:write',
    rest: { method: 'PUT', path: '/v1/shared-mailboxes', tags, summary: 'Replaces the workspace’s own list' },
  })
    .input(sharedMailboxes)
    .output(sharedMailboxesView)
    .mutation(({ ctx, input }) => writeSharedMailboxes(ctx, input)),
})
