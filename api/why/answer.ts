import type { Instant, Reads, Rule, Trace } from '../../engine/model/rule.ts'
import { flipsOf } from '../../engine/rules/flip.ts'
import { readsOf } from '../../engine/rules/reads.ts'
import { readsOfScore } from '../../engine/scores/evaluate-score.ts'
import type { ScoreDefinition } from '../../engine/model/score.ts'
import { checkAudienceRule } from '../audiences/check-rule.ts'
import { readAudiences, type Scope } from '../audiences/write-audience.ts'
import { workOut } from '../dispatch/work-out.ts'
import { notFound, problem } from '../problem.ts'
import { type AskedAbout, askThen, findAsked, type Known, momentOf, type WhyScope } from './ask.ts'
import { answerWords, turnsWords } from './answer-words.ts'
import { differences } from './differences.ts'
import { type FlipView, flipView } from './flip-words.ts'
import { toldBy } from './hidden.ts'
import { causeView } from './source-words.ts'
import type { WhyInput, EdgeView, WhyAnswer } from './why-schemas.ts'
import { ruleTree, scoreTree, wholeProperty } from './why-tree.ts'
import { iso } from './window-view.ts'

/** A rule, or the segment, signal or score that is asked about. */
export type Question =
  | { kind: 'rule'; rule: Rule }
  | { kind: 'segment' | 'signal'; rule: Rule; kept: KeptAudience }
  | { kind: 'score'; rule: ScoreDefinition; kept: KeptAudience }

export interface KeptAudience {
  id: string
  slug: string
  name: string
  subject: 'contact' | 'account'
  createdAt: Date
  updatedAt: Date
}

/** So many edges are offered as moments to ask about. */
const MOST_EDGES = 50

/** Why a rule, segment, signal or score was what it was. @throws ProblemError 400, 404, 422 */
export async function whyAnswer(ctx: WhyScope, input: WhyInput): Promise<WhyAnswer> {
  const at = momentOf(input.at, ctx.now)
  const about = await findAsked(ctx, input.subject)
  return answer(ctx, { question: await questionOf(ctx, about, input), about, at })
}

async function questionOf(ctx: Scope, about: AskedAbout, input: WhyInput): Promise<Question> {
  const { rule, segment, signal, score } = input
  if (segment !== undefined) return findQuestion(ctx, about, { kind: 'segment', slug: segment })
  if (signal !== undefined) return findQuestion(ctx, about, { kind: 'signal', slug: signal })
  if (score !== undefined) return findQuestion(ctx, about, { kind: 'score', slug: score })
  // The schema has seen that one of them is asked about.
  if (rule === undefined) throw new Error('Nothing is asked about.')
  checkAudienceRule({ kind: 'segment', slug: '', subject: about.kind, rule }, await readAudiences(ctx))
  return { kind: 'rule', rule }
}

/** @throws ProblemError 404; 422 where it is about the other kind of subject */
export async function findQuestion(
  ctx: Scope,
  about: Pick<AskedAbout, 'kind'>,
  wanted: { kind: 'segment' | 'signal' | 'score'; slug: string },
): Promise<Exclude<Question, { kind: 'rule' }>> {
  const row = await ctx.db
    .selectFrom('audiences')
    .select(['id', 'slug', 'name', 'subject', 'rule', 'created_at', 'updated_at'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('kind', '=', wanted.kind)
    .where('slug', '=', wanted.slug)
    .executeTakeFirst()
  if (row === undefined) throw notFound(wanted.kind, wanted.slug)
  if (row.subject !== about.kind) {
    const message = `The ${wanted.kind} “${row.name}” is about ${row.subject}s. Ask about ${row.subject === 'account' ? 'an account' : 'a contact'}.`
    throw problem(422, 'INPUT_INVALID', { detail: message, problems: [{ path: 'subject', message }] })
  }
  const { id, slug, name, subject } = row
  const kept = { id, slug, name, subject, createdAt: row.created_at, updatedAt: row.updated_at }
  // Written from checked rules and definitions only.
  return wanted.kind === 'score'
    ? { kind: 'score', rule: row.rule as unknown as ScoreDefinition, kept }
    : { kind: wanted.kind, rule: row.rule as unknown as Rule, kept }
}

const readsOfQuestion = (question: Question): Reads =>
  question.kind === 'score' ? readsOfScore(question.rule) : readsOf(question.rule)

/** @throws ProblemError 404, 422 */
export async function answer(
  ctx: WhyScope,
  given: { question: Question; about: AskedAbout; at: Instant },
): Promise<WhyAnswer> {
  const { question, about, at } = given
  const reads = readsOfQuestion(question)
  const known = await askThen(ctx, about, { reads, at })
  const tree = question.kind === 'score' ? scoreTree(question.rule, known.asked) : ruleTree(question.rule, known.asked)
  const named = question.kind === 'rule' ? null : question.kept
  const of = { kind: question.kind, slug: named?.slug ?? null, name: named?.name ?? 'a rule of your own' }
  const history = named === null ? [] : await edgesOf(ctx, named.id, known.sources.subject.id)
  const inForce = history.find((edge) => Date.parse(edge.view.at) <= at) ?? null
  const doubts = [...known.gaps]
  if (named !== null) doubts.push(...(await doubtsOf(ctx, { question, known, inForce, about }, tree.value)))
  return {
    kind: 'answer',
    subject: known.view,
    of,
    at: iso(at),
    value: tree.value,
    score: question.kind === 'score' ? (tree.actual ?? null) : null,
    words: answerWords(of, { tree, label: known.view.label, at, isNow: at === ctx.now }),
    trace: tree,
    validUntil: tree.validUntil,
    flips: question.kind === 'score' ? [] : flipsSeen(question, known, turnsWords(of, tree.value)),
    edge: inForce?.view ?? null,
    doubts,
    history: history.map(({ view }) => view),
    firstSeen: iso(known.firstSeen),
  }
}

/** Those that speak of a property which may not be seen are left out. */
function flipsSeen({ rule }: { rule: Rule }, { asked }: Known, turns: string): FlipView[] {
  const isSeen = (path: string): boolean => {
    const leaf = leafAt(rule, path)
    const property = leaf === null ? null : toldBy(leaf)
    return property === null || !asked.isHidden(wholeProperty(property, asked.sources.properties))
  }
  return flipsOf(rule, asked.facts, asked.at)
    .filter((flip) => flip.kind === 'time' || flip.changes.every(({ path }) => isSeen(path)))
    .map((flip) => flipView(flip, turns))
}

/** @param path as flips name it, e.g. `all.1.not` */
function leafAt(rule: Rule, path: string): Rule | null {
  if (path === '') return rule
  const [name, ...rest] = path.split('.')
  if (name === 'not' && 'not' in rule) return leafAt(rule.not, rest.join('.'))
  const parts = name === 'all' && 'all' in rule ? rule.all : name === 'any' && 'any' in rule ? rule.any : []
  const part = parts[Number(rest[0])]
  return part === undefined ? null : leafAt(part, rest.slice(1).join('.'))
}

interface KeptEdge {
  view: EdgeView
  at: Instant
  why: Trace
}

async function edgesOf({ db, workspaceId }: Scope, audienceId: string, subjectId: string): Promise<KeptEdge[]> {
  const rows = await db
    .selectFrom('audience_edges')
    .select(['id', 'edge', 'at', 'cause', 'value', 'why'])
    .where('workspace_id', '=', workspaceId)
    .where('audience_id', '=', audienceId)
    .where('subject_id', '=', subjectId)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(MOST_EDGES)
    .execute()
  return rows.map(({ id, edge, at, cause, value, why }) => ({
    view: { id, edge, at: at.toISOString(), cause: causeView(cause), value },
    at: at.getTime(),
    why: why as unknown as Trace,
  }))
}

const isIn = (edge: EdgeView['edge']): boolean => edge === 'set' || edge === 'entered'

/** Where the record and what is worked out now do not agree. */
async function doubtsOf(
  ctx: WhyScope,
  given: { question: Question; known: Known; inForce: KeptEdge | null; about: AskedAbout },
  value: boolean,
): Promise<string[]> {
  const { question, known, inForce, about } = given
  if (question.kind === 'rule') return []
  const { kept } = question
  const { at } = known.asked
  const doubts: string[] = []
  if (kept.createdAt.getTime() > at)
    doubts.push(
      `The ${question.kind} was made at ${kept.createdAt.toISOString()}: this is what its rule of today would have said.`,
    )
  const recorded = inForce === null ? false : isIn(inForce.view.edge)
  if (question.kind !== 'score' && recorded !== value && kept.createdAt.getTime() <= at)
    doubts.push(
      `The record says that it was ${recorded ? '' : 'not '}so: ${inForce === null ? 'no edge is on record by then' : `its last edge by then is “${inForce.view.edge}” of ${inForce.view.at}`}. ` +
        `What is kept now, asked the rule of today, says the opposite${kept.updatedAt.getTime() > at ? `; it was changed at ${kept.updatedAt.toISOString()}` : ''}.`,
    )
  if (inForce === null) return doubts
  // Whoever it was by the moment that is asked about, had the edge.
  const who = { ...about, id: known.sources.subject.id }
  const then = at === inForce.at ? known : await askThen(ctx, who, { reads: readsOfQuestion(question), at: inForce.at })
  const rebuilt = workOut({ ...kept, ...question }, then.facts, inForce.at).why
  doubts.push(...differences({ recorded: inForce.why, rebuilt, at: inForce.at, isHidden: ctx.isHidden }))
  return doubts
}
