import type pg from 'pg'
import type { OperatorCommand } from '../../engine/model/run.ts'
import type { RunDirectory, RunRef } from '../../engine/ports.ts'
import { SETTINGS_STALE_MS } from '../ingest/settings-cache.ts'
import { lockEnrollment } from '../db/enrollment-store.ts'
import { inTransaction, onPool, type Queryable, type Statement } from '../db/sql.ts'
import { ERASE_PARTS, PENDING_EVENTS, type ErasePart } from './erase-parts.ts'
import { type Erasure, finishErasure, noteErasure, noteFault, runningErasures } from './erasure-store.ts'
import type { IdentityHash } from './identity-hash.ts'
import { type KnownPerson, readPerson } from './known-person.ts'

/** What deleting somebody asks of Temporal. */
export interface ErasureRuns {
  command(run: RunRef, command: { id: string; command: OperatorCommand }): Promise<void>
  /** Which of these have no open workflow. */
  missing(runs: RunRef[]): Promise<RunRef[]>
  /** @returns how many histories the server deletes */
  deleteHistories(runs: RunRef[]): Promise<number>
}

export interface ErasureDeps {
  pool: pg.Pool
  directory: Pick<RunDirectory, 'alone'>
  runs: ErasureRuns
  hash: IdentityHash
  clock: () => number
  /** Told before each step, so that a test can end the process there. */
  reached?: (part: string) => void
}

/** An erasure's way: `end` and `contact` by the code below, then the parts in their order, then Temporal and the keys. */
const FIRST = 'end'
const AFTER_PARTS = 'histories'

/**
 * Goes on with the deletions that were asked for, each as far as it comes: what is done is committed with the note that
 * it is, so that whoever takes it up after a kill goes on from there.
 * @returns how many are left unfinished, because runs still end; null where another process is at it
 */
export function workErasures(deps: ErasureDeps): Promise<number | null> {
  return deps.directory.alone('signalbox-erase', async () => {
    const q = onPool(deps.pool)
    let left = 0
    for (const erasure of await runningErasures(q)) {
      try {
        if (!(await work(deps, erasure))) left += 1
      } catch (error) {
        left += 1
        const fault = error instanceof Error ? error.name : 'Error'
        await noteFault(q, erasure, { fault: `${erasure.part}: ${fault}`, now: deps.clock() })
        console.error(error)
      }
    }
    return left
  })
}

/** @returns false where it has to wait */
async function work(deps: ErasureDeps, erasure: Erasure): Promise<boolean> {
  for (;;) {
    deps.reached?.(erasure.part)
    if (erasure.part === 'start') await begin(deps, erasure)
    else if (erasure.part === FIRST) {
      if (!(await endRuns(deps, erasure))) return false
    } else if (erasure.part === 'contact') await deleteContact(deps, erasure)
    else if (erasure.part === AFTER_PARTS) {
      if (!(await deleteHistories(deps, erasure))) return false
    } else if (erasure.part === 'keys') {
      await destroyKeys(deps, erasure)
      return true
    } else await erasePart(deps, erasure)
  }
}

/** Notes who it is before anything goes, and takes nothing about them from here on where that was asked for. */
async function begin({ pool, hash, clock }: ErasureDeps, erasure: Erasure): Promise<void> {
  const { workspaceId } = erasure
  await inTransaction(pool, async (q) => {
    const person = await readPerson(q, workspaceId, erasure.contactId)
    erasure.known = person ?? nobody(erasure.contactId)
    await suppress({ q, hash, clock }, erasure)
    erasure.part = FIRST
    await noteErasure(q, erasure, clock())
  })
}

async function suppress(
  { q, hash, clock }: Pick<ErasureDeps, 'hash' | 'clock'> & { q: Queryable },
  erasure: Erasure,
): Promise<void> {
  if (!erasure.suppress) return
  const { workspaceId } = erasure
  const hashes = knownIn(erasure).identities.map((identity) => hash(workspaceId, identity))
  add(erasure, 'suppressed', (await q.rows(SUPPRESS, [workspaceId, hashes, new Date(clock())])).length)
}

/** Ends the runs that know of the person, as an operator would. @returns whether all have ended */
async function endRuns(deps: ErasureDeps, erasure: Erasure): Promise<boolean> {
  const { workspaceId } = erasure
  const q = onPool(deps.pool)
  const open = await q.rows<{ id: string }>(OPEN_RUNS, [workspaceId, knownIn(erasure).contactIds])
  for (const { id: runId } of open) {
    const id = `erase:${erasure.id}`
    // The command's id makes a repeat harmless; one that was lost on its way is sent again.
    await deps.runs.command({ workspaceId, runId }, { id, command: { kind: 'cancel', reason: REASON } })
  }
  erasure.counts['runsEnded'] = Math.max(erasure.counts['runsEnded'] ?? 0, open.length)
  const over = open.length === 0 && (await isSuppressedEverywhere(deps, erasure))
  if (over) erasure.part = 'contact'
  await noteErasure(q, erasure, deps.clock())
  return over
}

/** Every process that takes messages has to know, or one that comes between makes a new contact of them. */
async function isSuppressedEverywhere({ pool, hash, clock }: ErasureDeps, erasure: Erasure): Promise<boolean> {
  if (!erasure.suppress) return true
  const { workspaceId } = erasure
  const hashes = knownIn(erasure).identities.map((identity) => hash(workspaceId, identity))
  const since = new Date(clock() - SETTINGS_STALE_MS)
  return (await onPool(pool).rows(SUPPRESSED_SINCE, [workspaceId, hashes, since])).length === 0
}

/**
 * The contact itself goes first, with all it is known by: from then on nothing new can be about it. Whoever works an
 * event of theirs holds the contact's row meanwhile, and whoever comes later finds nobody.
 */
async function deleteContact({ pool, hash, clock }: ErasureDeps, erasure: Erasure): Promise<void> {
  const { workspaceId } = erasure
  await inTransaction(pool, async (q) => {
    const contactIds = await lockPerson(q, erasure)
    // What they became known by since the beginning.
    await suppress({ q, hash, clock }, erasure)
    await lockEnrollment(q, workspaceId, contactIds)
    const open = await q.rows(OPEN_RUNS, [workspaceId, contactIds])
    if (open.length > 0) erasure.part = FIRST
    else {
      await count(q, erasure, PENDING_EVENTS)
      const [gone] = await q.rows<{ contacts: number; identities: number; accounts: number }>(DELETE_CONTACTS, [
        workspaceId,
        contactIds,
      ])
      add(erasure, 'contacts', gone?.contacts ?? 0)
      add(erasure, 'identities', gone?.identities ?? 0)
      add(erasure, 'accountMemberships', gone?.accounts ?? 0)
      erasure.part = ERASE_PARTS[0]?.name ?? AFTER_PARTS
    }
    await noteErasure(q, erasure, clock())
  })
}

/** Learns what became known since the beginning, until nothing more can: whoever merges them holds their row. */
async function lockPerson(q: Queryable, erasure: Erasure): Promise<string[]> {
  const { workspaceId } = erasure
  for (;;) {
    const before = knownIn(erasure)
    await q.rows(LOCK_CONTACTS, [workspaceId, before.contactIds])
    const person = (await readPerson(q, workspaceId, erasure.contactId)) ?? before
    erasure.known = together(before, person)
    if (erasure.known.contactIds.length === before.contactIds.length) return before.contactIds
  }
}

async function erasePart({ pool, clock }: ErasureDeps, erasure: Erasure): Promise<void> {
  const at = ERASE_PARTS.findIndex(({ name }) => name === erasure.part)
  const part = ERASE_PARTS[at]
  if (part === undefined) throw new Error(`The erasure ${erasure.id} is at ${erasure.part}, which is no part.`)
  await inTransaction(pool, async (q) => {
    const n = await count(q, erasure, part)
    if (n === 0) erasure.part = ERASE_PARTS[at + 1]?.name ?? AFTER_PARTS
    await noteErasure(q, erasure, clock())
  })
}

/** Histories go where the server can; before that their workflows have to be over. @returns whether they are */
async function deleteHistories({ pool, runs, clock }: ErasureDeps, erasure: Erasure): Promise<boolean> {
  const { workspaceId } = erasure
  const q = onPool(pool)
  const rows = await q.rows<{ runId: string }>(THEIR_RUNS, [workspaceId, knownIn(erasure).contactIds])
  const refs = rows.map(({ runId }) => ({ workspaceId, runId }))
  const over = await runs.missing(refs)
  if (over.length < refs.length) return false
  add(erasure, 'histories', await runs.deleteHistories(refs))
  erasure.part = 'keys'
  await noteErasure(q, erasure, clock())
  return true
}

/**
 * Last: what Temporal still has of the runs is closed for good from here on. Everything else is looked through once
 * more before, for what a transaction that was under way may have left.
 */
async function destroyKeys({ pool, clock }: ErasureDeps, erasure: Erasure): Promise<void> {
  const { workspaceId } = erasure
  for (const part of ERASE_PARTS) while ((await inTransaction(pool, (q) => count(q, erasure, part))) > 0);
  await inTransaction(pool, async (q) => {
    const keys = await q.rows(DESTROY, [workspaceId, knownIn(erasure).contactIds, new Date(clock())])
    add(erasure, 'keysDestroyed', keys.length)
    await q.rows(FORGET_RUNS, [workspaceId, knownIn(erasure).contactIds])
    await finishErasure(q, erasure, clock())
  })
}

async function count(q: Queryable, erasure: Erasure, part: ErasePart): Promise<number> {
  const rows = await q.rows<{ n: number }>(part.statement, part.values(erasure.workspaceId, knownIn(erasure)))
  const n = rows[0]?.n ?? 0
  add(erasure, part.name, n)
  return n
}

function add(erasure: Erasure, name: string, n: number): void {
  if (n > 0) erasure.counts[name] = (erasure.counts[name] ?? 0) + n
}

function knownIn({ id, known }: Erasure): KnownPerson {
  if (known === null) throw new Error(`The erasure ${id} does not know whom it is about.`)
  return known
}

const REASON = 'A person in this run is being deleted.'

/** A contact that is gone already, with what may be left of it. */
const nobody = (contactId: string): KnownPerson => ({
  contactIds: [contactId],
  accountIds: [],
  identities: [],
  userIds: [],
  anonymousIds: [],
  emails: [],
  needles: [],
  spellings: [],
})

function together(before: KnownPerson, now: KnownPerson): KnownPerson {
  const both = <T>(a: T[], b: T[]): T[] => [...new Set([...a, ...b])]
  return {
    contactIds: both(before.contactIds, now.contactIds),
    accountIds: both(before.accountIds, now.accountIds),
    identities: [...before.identities, ...now.identities],
    userIds: both(before.userIds, now.userIds),
    anonymousIds: both(before.anonymousIds, now.anonymousIds),
    emails: both(before.emails, now.emails),
    needles: both(before.needles, now.needles),
    spellings: both(before.spellings, now.spellings),
  }
}

const SUPPRESS: Statement = {
  name: 'erase-suppress',
  text: `INSERT INTO suppressed_identities (workspace_id, hash, created_at) SELECT $1, hash, $3 FROM unnest($2::bytea[]) AS hash
    ON CONFLICT DO NOTHING RETURNING 1`,
}
const SUPPRESSED_SINCE: Statement = {
  name: 'erase-suppressed-since',
  text: 'SELECT 1 FROM suppressed_identities WHERE workspace_id = $1 AND hash = ANY ($2::bytea[]) AND created_at > $3 LIMIT 1',
}
const OPEN_RUNS: Statement = {
  name: 'erase-open-runs',
  text: `SELECT DISTINCT r.id FROM run_people p JOIN runs r ON r.workspace_id = p.workspace_id AND r.id = p.run_id
    WHERE p.workspace_id = $1 AND p.contact_id = ANY ($2::uuid[]) AND r.ended_at IS NULL`,
}
const THEIR_RUNS: Statement = {
  name: 'erase-their-runs',
  text: `SELECT DISTINCT run_id AS "runId" FROM run_people WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[])`,
}
const LOCK_CONTACTS: Statement = {
  name: 'erase-lock-contacts',
  text: 'SELECT 1 FROM contacts WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR UPDATE',
}
const DELETE_CONTACTS: Statement = {
  name: 'erase-contacts',
  text: `WITH names AS (DELETE FROM identities WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[]) RETURNING 1),
      memberships AS (DELETE FROM account_contacts WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[]) RETURNING 1),
      gone AS (DELETE FROM contacts WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) RETURNING 1)
    SELECT (SELECT count(*) FROM gone)::int AS contacts, (SELECT count(*) FROM names)::int AS identities,
      (SELECT count(*) FROM memberships)::int AS accounts`,
}
const DESTROY: Statement = {
  name: 'erase-keys',
  text: `UPDATE run_keys SET salt = NULL, destroyed_at = $3 WHERE workspace_id = $1 AND salt IS NOT NULL
      AND run_id IN (SELECT run_id FROM run_people WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[])) RETURNING 1`,
}
const FORGET_RUNS: Statement = {
  name: 'erase-run-people',
  text: 'DELETE FROM run_people WHERE workspace_id = $1 AND contact_id = ANY ($2::uuid[])',
}
