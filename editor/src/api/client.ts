import { QueryCache, QueryClient } from '@tanstack/react-query'
import { createTRPCClient, httpBatchLink, httpSubscriptionLink, splitLink } from '@trpc/client'
import { createTRPCOptionsProxy } from '@trpc/tanstack-react-query'
import type { AppRouter } from '../../../api/router.ts'
import { readProblem } from './problem.ts'

/** Called when the server no longer knows who asks; set by the router, which shows the sign-in page. */
let onSignedOut: () => void = () => {}
export const whenSignedOut = (listener: () => void): void => {
  onSignedOut = listener
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (readProblem(error).code === 'UNAUTHENTICATED') onSignedOut()
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the server refused stays refused; only a lost connection is worth asking again.
      retry: (failures, error) => readProblem(error).code === 'UNREACHABLE' && failures < 2,
    },
  },
})

/** For calls outside of queries, e.g. saving. */
export const trpcClient = createTRPCClient<AppRouter>({
  links: [
    splitLink({
      condition: (operation) => operation.type === 'subscription',
      true: httpSubscriptionLink({ url: '/trpc' }),
      false: httpBatchLink({ url: '/trpc', maxURLLength: 4000 }),
    }),
  ],
})

/** Query, mutation and subscription options of every procedure. */
export const trpc = createTRPCOptionsProxy<AppRouter>({ client: trpcClient, queryClient })
