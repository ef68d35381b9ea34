import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server'
import type { AppRouter } from '../../../api/router.ts'

/** The answers of the server by the names pages use. */
type Out = inferRouterOutputs<AppRouter>
/** What the server is asked. */
export type RouterInputs = inferRouterInputs<AppRouter>

export type { AudienceRow, AudienceView, SubjectView } from '../../../api/audiences/audience-schemas.ts'
export type { ComputedRow, ComputedView, Scored, ScoreRow, ScoreView } from '../../../api/scores/score-schemas.ts'
export type { AccountView, ContactView, EventDetails, EventRow } from '../../../api/customers/customer-schemas.ts'

export type {
  ColumnTarget,
  ImportMapping,
  ImportRow,
  ImportView,
  MappingCheck,
} from '../../../api/imports/import-schemas.ts'
export type { ComparedContact, Comparison, DuplicateRow, MergeRow } from '../../../api/identity/identity-schemas.ts'
export type { ErasureView as ErasureSummary, RetentionView as Retention } from '../../../api/privacy/privacy-schemas.ts'
export type { EventSetting, PropertySetting } from '../../../api/ingest/settings-schemas.ts'

export type CatalogContext = Out['catalog']['context']
export type ContactSummary = Out['contacts']['list']['data'][number]
export type AccountSummary = Out['accounts']['list']['data'][number]
export type PlaybookSummary = Out['playbooks']['list']['data'][number]
export type PlaybookDetail = Out['playbooks']['get']
export type RunSummary = Out['runs']['list']['data'][number]
export type RunDetail = Out['runs']['get']
export type RunWhy = Out['why']['run']
export type RunStep = RunDetail['steps'][number]
export type AlertSummary = Out['alerts']['list']['data'][number]
export type AlertSettings = Out['alerts']['settings']
export type RerunPreview = Out['reruns']['preview']
export type RerunSummary = Out['reruns']['list']['data'][number]
export type RerunDetail = Out['reruns']['get']
export type ConnectionSummary = Out['connections']['list']['data'][number]
export type KeyFieldStatus = Out['connections']['keyField']['data'][number]
export type KeyFieldInstall = Out['connections']['installKeyField']['data'][number]
export type PublishPreview = Out['migrations']['preview']
export type MigrationSummary = Out['migrations']['list']['data'][number]
export type Ask = Out['asks']['get']
export type ExistingMembersView = Out['admissions']['existing']
export type ContactRules = Out['contactRules']['read']
export type Review = Out['reviews']['list']['data'][number]
export type ApiKey = Out['keys']['list']['data'][number]
export type DryRun = Out['playbooks']['dryRun']
export type BacktestView = Out['backtests']['get']
export type TestResult = Out['tests']['run']['results'][number]
export type BacktestResult = NonNullable<BacktestView['result']>
