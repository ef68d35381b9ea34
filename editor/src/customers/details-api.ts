import { trpc } from '../api/client.ts'
import type { CustomerKind } from './table-definition.ts'

/** What a page about one subject asks for when a part of it is opened: the same for contacts and accounts. */
export const detailsApi = (kind: CustomerKind) =>
  kind === 'contact'
    ? {
        timeline: trpc.contacts.timeline,
        history: trpc.contacts.history,
        memberships: trpc.contacts.memberships,
      }
    : {
        timeline: trpc.accounts.timeline,
        history: trpc.accounts.history,
        memberships: trpc.accounts.memberships,
      }
