import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { queryClient, trpc, whenSignedOut } from '../api/client.ts'
import { readProblem } from '../api/problem.ts'
import { eventSearch } from '../events/event-search.ts'
import { ErrorPage, NotFoundPage } from './error-page.tsx'
import { Shell } from './shell.tsx'
import { SignInPage } from './sign-in.tsx'

/** All addresses of the app. Pages that are used together share a chunk, so that few requests open any of them. */

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage, errorComponent: ErrorPage })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  // Only a path of our own: a foreign address in the link must not be followed after signing in.
  validateSearch: (search: { [key: string]: unknown }): { to?: string } => {
    const to = text(search.to)
    return to !== undefined && /^\/(?![/\\])/.test(to) ? { to } : {}
  },
  component: SignInPage,
})

const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(trpc.session.me.queryOptions())
    } catch (error) {
      if (readProblem(error).code !== 'UNAUTHENTICATED') throw error
      throw redirect({ to: '/sign-in', search: { to: location.href } })
    }
  },
})

const home = createRoute({
  getParentRoute: () => app,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/playbooks' })
  },
})
const playbooks = createRoute({
  getParentRoute: () => app,
  path: '/playbooks',
  component: lazyRouteComponent(() => import('../playbooks/playbooks-page.tsx'), 'PlaybooksPage'),
})
const playbook = createRoute({
  getParentRoute: () => app,
  path: '/playbooks/$slug',
  validateSearch: (search: { [key: string]: unknown }): { step?: string; version?: number } => {
    const step = text(search.step)
    const version = Number(search.version)
    return {
      ...(step !== undefined && { step }),
      ...(Number.isSafeInteger(version) && version > 0 && { version }),
    }
  },
  component: lazyRouteComponent(() => import('../playbook/playbook-page.tsx'), 'PlaybookPage'),
})
const runs = createRoute({
  getParentRoute: () => app,
  path: '/runs',
  validateSearch: (search: { [key: string]: unknown }): { playbook?: string; status?: string; subject?: string } => {
    const { playbook: slug, status, subject } = search
    return {
      ...(text(slug) !== undefined && { playbook: text(slug) }),
      ...(text(status) !== undefined && { status: text(status) }),
      ...(text(subject) !== undefined && { subject: text(subject) }),
    }
  },
  component: lazyRouteComponent(() => import('../runs/runs-page.tsx'), 'RunsPage'),
})
const run = createRoute({
  getParentRoute: () => app,
  path: '/runs/$id',
  component: lazyRouteComponent(() => import('../runs/run-page.tsx'), 'RunPage'),
})
const waiting = createRoute({
  getParentRoute: () => app,
  path: '/waiting',
  component: lazyRouteComponent(() => import('../asks/waiting-page.tsx'), 'WaitingPage'),
})
const ask = createRoute({
  getParentRoute: () => app,
  path: '/waiting/$id',
  component: lazyRouteComponent(() => import('../asks/waiting-page.tsx'), 'AskPage'),
})
const reruns = createRoute({
  getParentRoute: () => app,
  path: '/reruns',
  component: lazyRouteComponent(() => import('../reruns/reruns-page.tsx'), 'RerunsPage'),
})
const alerts = createRoute({
  getParentRoute: () => app,
  path: '/alerts',
  component: lazyRouteComponent(() => import('../alerts/alerts-page.tsx'), 'AlertsPage'),
})
const newRerun = createRoute({
  getParentRoute: () => app,
  path: '/reruns/new',
  validateSearch: (search: { [key: string]: unknown }): { playbook?: string } => ({
    ...(text(search.playbook) !== undefined && { playbook: text(search.playbook) }),
  }),
  component: lazyRouteComponent(() => import('../reruns/new-rerun-page.tsx'), 'NewRerunPage'),
})
const rerun = createRoute({
  getParentRoute: () => app,
  path: '/reruns/$id',
  component: lazyRouteComponent(() => import('../reruns/rerun-page.tsx'), 'RerunPage'),
})
const events = createRoute({
  getParentRoute: () => app,
  path: '/events',
  validateSearch: eventSearch,
  component: lazyRouteComponent(() => import('../events/events-page.tsx'), 'EventsPage'),
})
const signals = createRoute({
  getParentRoute: () => app,
  path: '/signals',
  component: lazyRouteComponent(() => import('../audiences/audiences-page.tsx'), 'SignalsPage'),
})
const signal = createRoute({
  getParentRoute: () => app,
  path: '/signals/$slug',
  component: lazyRouteComponent(() => import('../audiences/audience-page.tsx'), 'SignalPage'),
})
const segments = createRoute({
  getParentRoute: () => app,
  path: '/segments',
  component: lazyRouteComponent(() => import('../audiences/audiences-page.tsx'), 'SegmentsPage'),
})
const segment = createRoute({
  getParentRoute: () => app,
  path: '/segments/$slug',
  component: lazyRouteComponent(() => import('../audiences/audience-page.tsx'), 'SegmentPage'),
})
/** The saved view that is shown, and what is searched for in it. */
const tableSearch = (search: { [key: string]: unknown }): { view?: string; q?: string } => ({
  ...(text(search.view) !== undefined && { view: text(search.view) }),
  ...(text(search.q) !== undefined && { q: text(search.q) }),
})
const scores = createRoute({
  getParentRoute: () => app,
  path: '/scores',
  component: lazyRouteComponent(() => import('../scores/scores-page.tsx'), 'ScoresPage'),
})
const score = createRoute({
  getParentRoute: () => app,
  path: '/scores/$slug',
  component: lazyRouteComponent(() => import('../scores/score-page.tsx'), 'ScorePage'),
})
const computedList = createRoute({
  getParentRoute: () => app,
  path: '/computed-properties',
  component: lazyRouteComponent(() => import('../scores/computed-page.tsx'), 'ComputedListPage'),
})
const computed = createRoute({
  getParentRoute: () => app,
  path: '/computed-properties/$slug',
  component: lazyRouteComponent(() => import('../scores/computed-page.tsx'), 'ComputedPage'),
})
const contacts = createRoute({
  getParentRoute: () => app,
  path: '/contacts',
  validateSearch: tableSearch,
  component: lazyRouteComponent(() => import('../customers/customers-page.tsx'), 'ContactsPage'),
})
const contact = createRoute({
  getParentRoute: () => app,
  path: '/contacts/$id',
  component: lazyRouteComponent(() => import('../customers/customer-page.tsx'), 'ContactPage'),
})
const duplicates = createRoute({
  getParentRoute: () => app,
  path: '/duplicates',
  validateSearch: (search: { [key: string]: unknown }): { tab?: 'merges' | 'mailboxes'; contact?: string } => ({
    ...((search.tab === 'merges' || search.tab === 'mailboxes') && { tab: search.tab }),
    ...(text(search.contact) !== undefined && { contact: text(search.contact) }),
  }),
  component: lazyRouteComponent(() => import('../identity/duplicates-page.tsx'), 'DuplicatesPage'),
})
const accounts = createRoute({
  getParentRoute: () => app,
  path: '/accounts',
  validateSearch: tableSearch,
  component: lazyRouteComponent(() => import('../customers/customers-page.tsx'), 'AccountsPage'),
})
const account = createRoute({
  getParentRoute: () => app,
  path: '/accounts/$id',
  component: lazyRouteComponent(() => import('../customers/customer-page.tsx'), 'AccountPage'),
})
/** What came of connecting, or what is to be begun here: written by the server, which sends the browser to this page. */
const CONNECTIONS_SEARCH = ['connected', 'problem', 'detail', 'begin', 'slug', 'name', 'connection'] as const
type ConnectionsSearch = { [name in (typeof CONNECTIONS_SEARCH)[number]]?: string }
const connections = createRoute({
  getParentRoute: () => app,
  path: '/connections',
  validateSearch: (search: { [key: string]: unknown }): ConnectionsSearch =>
    Object.fromEntries(
      CONNECTIONS_SEARCH.flatMap((name) => {
        const value = text(search[name])
        return value === undefined ? [] : [[name, value]]
      }),
    ),
  component: lazyRouteComponent(() => import('../connections/connections-page.tsx'), 'ConnectionsPage'),
})
const reviews = createRoute({
  getParentRoute: () => app,
  path: '/reviews',
  component: lazyRouteComponent(() => import('../runs/reviews-page.tsx'), 'ReviewsPage'),
})
const sandbox = createRoute({
  getParentRoute: () => app,
  path: '/sandbox',
  component: lazyRouteComponent(() => import('../sandbox/sandbox-page.tsx'), 'SandboxPage'),
})
const goingLive = createRoute({
  getParentRoute: () => app,
  path: '/going-live',
  component: lazyRouteComponent(() => import('../settings/going-live-page.tsx'), 'GoingLivePage'),
})
const imports = createRoute({
  getParentRoute: () => app,
  path: '/imports',
  component: lazyRouteComponent(() => import('../imports/imports-page.tsx'), 'ImportsPage'),
})
const importPage = createRoute({
  getParentRoute: () => app,
  path: '/imports/$id',
  component: lazyRouteComponent(() => import('../imports/import-page.tsx'), 'ImportPage'),
})
const dataSettings = createRoute({
  getParentRoute: () => app,
  path: '/data',
  component: lazyRouteComponent(() => import('../settings/data-page.tsx'), 'DataPage'),
})
const privacySettings = createRoute({
  getParentRoute: () => app,
  path: '/settings/privacy',
  component: lazyRouteComponent(() => import('../settings/privacy-page.tsx'), 'PrivacyPage'),
})
const contactRules = createRoute({
  getParentRoute: () => app,
  path: '/settings/reaching-people',
  component: lazyRouteComponent(() => import('../settings/contact-rules-page.tsx'), 'ContactRulesPage'),
})
const settings = createRoute({
  getParentRoute: () => app,
  path: '/settings',
  component: lazyRouteComponent(() => import('../settings/settings-page.tsx'), 'SettingsPage'),
})

const routeTree = root.addChildren([
  signIn,
  app.addChildren([
    home,
    playbooks,
    playbook,
    runs,
    run,
    reruns,
    newRerun,
    alerts,
    rerun,
    events,
    signals,
    signal,
    segments,
    segment,
    scores,
    score,
    computedList,
    computed,
    contacts,
    contact,
    duplicates,
    accounts,
    account,
    connections,
    reviews,
    waiting,
    ask,
    sandbox,
    goingLive,
    contactRules,
    settings,
    dataSettings,
    privacySettings,
    imports,
    importPage,
  ]),
])

export const router = createRouter({ routeTree, defaultPreload: 'intent', scrollRestoration: true })

whenSignedOut(() => {
  if (router.state.location.pathname !== '/sign-in')
    void router.navigate({ to: '/sign-in', search: { to: router.state.location.href } })
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
