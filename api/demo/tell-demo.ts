import type { Json } from '../../nodes/manifest.ts'
import type { Context } from '../context.ts'
import { DEMO_PLAYBOOKS } from './documents.ts'
import { HERO } from './people.ts'
import { markComplete } from './seed-demo.ts'

/** The demo's one live event; its id makes a second sending harmless. */
const MESSAGE_ID = 'demo-first-signal'
const LOOK_MS = 250
/** After this the newcomer is told where to look instead. */
const PATIENCE_MS = 60_000

/**
 * Sends the one event that sets the expansion signal, waits for the run it starts, and tells in a few lines what that
 * did.
 * @param say one line for the terminal
 * @param signal ends the waiting when the process stops
 */
export async function tellDemo(ctx: Context, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  await ctx.ingest.accept({ workspaceId: ctx.workspaceId }, 'track', {
    messageId: MESSAGE_ID,
    userId: HERO.userId,
    event: 'Seat Limit Reached',
    properties: { seats: 30 },
    context: { groupId: HERO.groupId, library: { name: 'signalbox-demo' } },
  })
  // Only now: a start that was killed before this sends it next time.
  await markComplete(ctx)
  const run = await ended(ctx, signal)
  if (run === null) {
    if (!signal.aborted) say(`The demo’s first run is not done yet; watch it at ${ctx.publicUrl}/runs`)
    return
  }
  for (const line of await story(ctx, run)) say(line)
}

interface DemoRun {
  id: string
  status: string
  ended: boolean
  contact: string
  account: string | null
}

async function ended(ctx: Context, signal: AbortSignal): Promise<DemoRun | null> {
  const last = Date.now() + PATIENCE_MS
  for (;;) {
    const run = await firstRun(ctx)
    if (run?.ended || signal.aborted || Date.now() > last) return run?.ended ? run : null
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

async function firstRun({ db, workspaceId }: Context): Promise<DemoRun | null> {
  const row = await db
    .selectFrom('runs')
    .innerJoin('playbooks', (join) =>
      join.onRef('playbooks.workspace_id', '=', 'runs.workspace_id').onRef('playbooks.id', '=', 'runs.playbook_id'),
    )
    .innerJoin('contacts', (join) =>
      join.onRef('contacts.workspace_id', '=', 'runs.workspace_id').onRef('contacts.id', '=', 'runs.subject_id'),
    )
    .leftJoin('accounts', (join) =>
      join.onRef('accounts.workspace_id', '=', 'runs.workspace_id').on('accounts.external_id', '=', HERO.groupId),
    )
    .select(['runs.id', 'runs.status', 'runs.ended_at', 'contacts.name as contact', 'accounts.name as account'])
    .where('runs.workspace_id', '=', workspaceId)
    .where('playbooks.slug', '=', DEMO_PLAYBOOKS[0]?.slug ?? '')
    .where('contacts.external_id', '=', HERO.userId)
    .executeTakeFirst()
  if (row === undefined) return null
  const { id, status, account } = row
  return { id, status, ended: row.ended_at !== null, contact: row.contact ?? HERO.userId, account }
}

async function story(ctx: Context, run: DemoRun): Promise<string[]> {
  const effects = await ctx.db
    .selectFrom('effects')
    .select(['action', 'output', 'status'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('run_id', '=', run.id)
    .orderBy('intended_at')
    .execute()
  const link = `${ctx.publicUrl}/runs/${run.id}`
  if (run.status !== 'completed') return [`The demo’s first run ended as ${run.status}. See why: ${link}`]
  const at = run.account === null ? '' : ` of ${run.account}`
  return [
    `The signal “Expansion ready” was set for ${run.contact}${at}, and a playbook acted on it:`,
    ...effects.filter(({ status }) => status === 'landed').map(({ action, output }) => `  ${deed(action, output)}`),
    `  See the run: ${link}`,
  ]
}

function deed(action: string, output: Json): string {
  const said = output !== null && typeof output === 'object' && !Array.isArray(output) ? output : {}
  if (action.startsWith('intercom.tagContact')) return `Intercom: tagged the contact “${words(said.tag)}”`
  if (action.startsWith('salesforce.createOpportunity'))
    return `Salesforce: opened the opportunity “${words(said.name)}”, amount ${words(said.amount)}`
  return `Done: ${action}`
}

const words = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null))
