import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server'
import { asksRouter } from './asks/asks-router.ts'
import { alertsRouter } from './alerts/alerts-router.ts'
import { segmentsRouter, signalsRouter } from './audiences/audiences-router.ts'
import { sessionRouter } from './auth/session-router.ts'
import { backtestsRouter } from './backtest/backtest-router.ts'
import { callsRouter } from './calls/calls-router.ts'
import { connectionsRouter } from './connections/connections-router.ts'
import { contactRulesRouter } from './contact-rules/contact-rules-router.ts'
import { conversationsRouter } from './conversations/conversations-router.ts'
import { accountsRouter, contactsRouter, eventsRouter } from './customers/customers-router.ts'
import { admissionsRouter } from './enroll/admissions-router.ts'
import { importsRouter } from './imports/imports-router.ts'
import { dataSettingsRouter } from './ingest/settings-router.ts'
import { identityRouter } from './identity/identity-router.ts'
import { keysRouter } from './keys/keys-router.ts'
import { notesRouter } from './notes/notes-router.ts'
import { catalogRouter } from './playbooks/catalog-router.ts'
import { playbooksRouter } from './playbooks/playbooks-router.ts'
import { privacyRouter } from './privacy/privacy-router.ts'
import { rerunsRouter } from './reruns/reruns-router.ts'
import { migrationsRouter } from './run-migrations/migrations-router.ts'
import { reviewsRouter, runsRouter } from './runs/runs-router.ts'
import { sandboxRouter } from './sandbox/sandbox-router.ts'
import { computedRouter, scoresRouter } from './scores/scores-router.ts'
import { testsRouter } from './tests/tests-router.ts'
import { router } from './trpc.ts'
import { viewsRouter } from './views/views-router.ts'
import { whyRouter } from './why/why-router.ts'
import { workspaceRouter } from './workspace/workspace-router.ts'

/** Every procedure; those with `rest` in their meta are REST routes too. */
export const appRouter = router({
  session: sessionRouter,
  catalog: catalogRouter,
  playbooks: playbooksRouter,
  migrations: migrationsRouter,
  backtests: backtestsRouter,
  tests: testsRouter,
  admissions: admissionsRouter,
  runs: runsRouter,
  reviews: reviewsRouter,
  reruns: rerunsRouter,
  alerts: alertsRouter,
  asks: asksRouter,
  calls: callsRouter,
  events: eventsRouter,
  signals: signalsRouter,
  segments: segmentsRouter,
  scores: scoresRouter,
  computed: computedRouter,
  contacts: contactsRouter,
  accounts: accountsRouter,
  views: viewsRouter,
  why: whyRouter,
  identity: identityRouter,
  notes: notesRouter,
  conversations: conversationsRouter,
  imports: importsRouter,
  dataSettings: dataSettingsRouter,
  contactRules: contactRulesRouter,
  connections: connectionsRouter,
  keys: keysRouter,
  privacy: privacyRouter,
  sandbox: sandboxRouter,
  workspace: workspaceRouter,
})

export type AppRouter = typeof appRouter
export type RouterInputs = inferRouterInputs<AppRouter>
export type RouterOutputs = inferRouterOutputs<AppRouter>
