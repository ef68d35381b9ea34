import { useQueryClient } from '@tanstack/react-query'
import { trpc } from '../api/client.ts'

/** After a merge or its undoing: who is who has changed wherever people are shown. */
export function useRefreshPeople(): () => Promise<unknown> {
  const client = useQueryClient()
  return () =>
    Promise.all(
      [trpc.identity, trpc.contacts, trpc.accounts, trpc.runs].map((router) =>
        client.invalidateQueries({ queryKey: router.pathKey() }),
      ),
    )
}
