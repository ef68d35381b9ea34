import { queryClient, trpc } from '../api/client.ts'

/**
 * Asks for what the page at this address shows, in one request, while the app is still getting ready to draw it. The
 * pages ask the same and find it there, or on its way. What goes wrong here is theirs to say.
 * @param address path and query
 */
export function askAhead(address: { pathname: string; search: string }): void {
  if (address.pathname === '/sign-in') return
  void queryClient.prefetchQuery(trpc.session.me.queryOptions())
  const slug = /^\/playbooks\/([^/]+)$/.exec(address.pathname)?.[1]
  if (slug === undefined || new URLSearchParams(address.search).has('version')) return
  void queryClient.prefetchQuery({ ...trpc.catalog.manifest.queryOptions(), staleTime: Number.POSITIVE_INFINITY })
  void queryClient.prefetchQuery(trpc.catalog.context.queryOptions())
  void queryClient.prefetchQuery(trpc.playbooks.get.queryOptions({ slug: decodeURIComponent(slug) }))
}
