import type { Json, Manifest, StepManifest } from '../../nodes/manifest.ts'
import type { DocumentStep } from '../model/playbook.ts'
import type { Problem, ProblemCode } from '../model/problem.ts'
import type { ValueType } from '../expression/type-of.ts'

/** What a document is compiled against. Everything is data, so that a browser can compile as one types. */
export interface CompileContext {
  manifest: Manifest
  connections: Array<{ slug: string; app: string }>
  /** Slugs. */
  signals: string[]
  segments: string[]
  /** Slugs. Without them any score may be read. */
  scores?: string[]
  /** How far back events are kept. Without it any window may be looked at. */
  keepEventsDays?: number
  /**
   * Which playbook it is: a part of the default key of its splits, so that those of two playbooks draw apart. Left out
   * where nothing is drawn, as in a browser that compiles as one types.
   */
  playbook?: DrawnPlaybook | undefined
  /** Known properties by path (`contact.mrr`) with their type. Without it any property may be read. */
  properties?: { [path: string]: ValueType }
  /**
   * The definition's own schema, where it is at hand (at publish): finds what JSON Schema cannot say, e.g. a cron line
   * that never comes. Not asked about inputs that hold `{{ }}`.
   */
  checkInput?: (type: string, input: { [field: string]: Json }) => Array<{ path: string; message: string }>
}

export interface DrawnPlaybook {
  id: string
  /** Steps whose default key is their id alone: they were published when it was, and nobody is to change arms. */
  plainSplits: readonly string[]
}

/** The manifest by type, and who needs what, made once for many compiles. */
export interface Catalogue {
  context: CompileContext
  /** Type → versions, newest first. */
  steps: Map<string, StepManifest[]>
  /** Apps whose steps work without a connection. */
  keyless: Set<string>
  connections: Map<string, string>
  signals: Set<string>
  segments: Set<string>
  scores: Set<string> | null
}

export function catalogueOf(context: CompileContext): Catalogue {
  const steps = new Map<string, StepManifest[]>()
  for (const step of context.manifest.steps) {
    const versions = steps.get(step.type) ?? []
    versions.push(step)
    steps.set(step.type, versions)
  }
  for (const versions of steps.values()) versions.sort((a, b) => b.version - a.version)
  const keyless = context.manifest.connectors.filter((connector) => connector.auth.includes('none'))
  return {
    context,
    steps,
    keyless: new Set(keyless.map((connector) => connector.app)),
    connections: new Map(context.connections.map(({ slug, app }) => [slug, app])),
    signals: new Set(context.signals),
    segments: new Set(context.segments),
    scores: context.scores === undefined ? null : new Set(context.scores),
  }
}

/** Where a problem lies and what to do; the rest follows. */
export interface Said {
  /** Path behind the step, e.g. `input.amount`; or a whole path where there is no step. */
  at: string
  field?: string
  message: string
  fix: string
}

export function problem(
  code: ProblemCode,
  { at, message, fix }: Said,
  severity: Problem['severity'] = 'error',
): Problem {
  return { code, severity, path: at, step: null, field: null, message, fix }
}

export function stepProblem(code: ProblemCode, step: Pick<DocumentStep, 'id'>, said: Said): Problem {
  const path = said.at === '' ? `steps.${step.id}` : `steps.${step.id}.${said.at}`
  return {
    code,
    severity: 'error',
    path,
    step: step.id,
    field: said.field ?? null,
    message: said.message,
    fix: said.fix,
  }
}

export const asWarning = (found: Problem): Problem => ({ ...found, severity: 'warning' })

/** `a, b or c`, shortened where there are many. */
export function listed(names: readonly string[], most = 12): string {
  if (names.length === 0) return 'none'
  return names.length > most ? `${names.slice(0, most).join(', ')} …` : names.join(', ')
}

/** The known name nearest to what was typed, when it is near enough to be meant. */
export function nearest(typed: string, known: Iterable<string>): string | null {
  let best: { name: string; distance: number } | null = null
  for (const name of known) {
    if (Math.abs(name.length - typed.length) > 3) continue
    const distance = editDistance(typed.toLowerCase(), name.toLowerCase())
    if (distance <= Math.max(1, Math.floor(typed.length / 4)) && distance < (best?.distance ?? 99))
      best = { name, distance }
  }
  return best?.name ?? null
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

export const meant = (typed: string, known: Iterable<string>): string => {
  const name = nearest(typed, known)
  return name === null ? '' : ` Did you mean ${name}?`
}
