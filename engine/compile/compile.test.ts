import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileContext } from '../../test/helpers/manifest.ts'
import type { PlaybookDocument } from '../model/playbook.ts'
import { playbookSchema } from '../model/playbook-schema.ts'
import { compile, createCompiler } from './compile.ts'

interface Graph {
  why: string
  document: PlaybookDocument
  expect?: Array<{ code: string; path: string; field?: string }>
}

const folder = new URL('../../test/graphs/', import.meta.url)
const graphs = readdirSync(folder).map((name) => ({
  name: name.replace('.json', ''),
  ...(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Graph),
}))
const named = (prefix: string) => graphs.filter(({ name }) => name.startsWith(prefix))

describe('compile', () => {
  it.each(named('valid-'))('makes a plan of $name', ({ document }) => {
    expect(playbookSchema.safeParse(document).success).toBe(true)
    const compiled = compile(document, compileContext)
    expect(compiled.problems).toEqual([])
    expect(compiled.ok).toBe(true)
  })

  it.each(named('invalid-'))('refuses $name, naming the place and what to do', ({ document, expect: expected }) => {
    const compiled = compile(document, compileContext)
    expect(compiled.ok).toBe(false)
    expect(
      compiled.problems.map(({ code, path, field }) => ({ code, path, ...(field === null ? {} : { field }) })),
    ).toEqual(expected)
    for (const { message, fix, severity, step, path } of compiled.problems) {
      expect(severity).toBe('error')
      expect(message).toMatch(/^.{10,}[.?]$/su)
      expect(fix).toMatch(/^.{5,}[.?]$/su)
      if (path.startsWith('steps.') && step !== null) expect(path.split('.')[1]).toBe(step)
    }
  })

  it.each(named('warns-'))('makes a plan of $name and warns', ({ document, expect: expected }) => {
    const compiled = compile(document, compileContext)
    expect(compiled.ok).toBe(true)
    expect(compiled.problems.map(({ code, path, severity }) => ({ code, path, severity }))).toEqual(
      expected?.map((problem) => ({ ...problem, severity: 'warning' })),
    )
  })

  it('has a graph for every code', () => {
    const source = readFileSync(new URL('../model/problem.ts', import.meta.url), 'utf8')
    const codes = [...source.matchAll(/\| '([A-Z_]+)'/g)].map((match) => match[1])
    const seen = new Set(graphs.flatMap(({ expect: expected }) => expected?.map(({ code }) => code) ?? []))
    expect(codes.filter((code) => code !== undefined && !seen.has(code))).toEqual([
      // Each of these needs what a fixture cannot hold; their tests follow.
      'TRIGGER_SUBJECT_MISMATCH',
      'PLAYBOOK_TOO_LARGE',
    ])
  })
})

const expansion = graphs.find(({ name }) => name === 'valid-expansion')?.document
const race = graphs.find(({ name }) => name === 'valid-race')?.document
const offers = graphs.find(({ name }) => name === 'valid-split')?.document
const deals = graphs.find(({ name }) => name === 'valid-error-branch')?.document
if (!expansion || !race || !offers || !deals) throw new Error('The valid graphs are missing.')

describe('the plan', () => {
  it('pins versions, names ports and says what is read', () => {
    const compiled = compile(race, compileContext)
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
    const { plan } = compiled
    expect(plan.steps.map(({ id, type }) => [id, type])).toEqual([
      ['trial', 'trigger.event@1'],
      ['hand', 'trigger.manual@1'],
      ['wait', 'flow.delay@1'],
      ['post', 'slack.postMessage@1'],
      ['first', 'flow.join@1'],
      ['mail', 'email.send@1'],
      ['renewal', 'flow.delay@1'],
      ['done', 'flow.exit@1'],
    ])
    expect(plan.reads).toEqual({
      properties: ['contact.plan', 'contact.name', 'contact.email', 'contact.renewal_date', 'workspace.timeZone'],
      segments: [],
      signals: ['churn-risk'],
      events: { login: 7 * 86_400_000 },
    })
    const of = (id: string) => plan.steps.find((step) => step.id === id)
    expect(of('first')).toMatchObject({ op: 'join', wait: 'any', losers: ['wait', 'post'] })
    expect(of('post')).toMatchObject({ op: 'act', connection: 'slack', keeps: true, out: { out: ['first'] } })
    expect(of('mail')).toMatchObject({ keeps: false, readsSteps: ['post'] })
    expect(of('renewal')).toMatchObject({
      delay: { mode: 'untilDate', offsetMs: -7 * 86_400_000, missing: 'skip', maxWaitMs: 90 * 86_400_000 },
    })
    expect(of('wait')).toMatchObject({
      delay: { mode: 'for', ms: 7 * 86_400_000 },
      in: [
        { step: 'trial', port: 'out' },
        { step: 'hand', port: 'out' },
      ],
    })
  })

  it('splits by the key, or by the step where none is given, and has a port for each arm and no other', () => {
    const step = (document: unknown) => {
      const compiled = compile(document, compileContext)
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
      return compiled.plan.steps.find(({ op }) => op === 'split')
    }
    expect(step(offers)).toMatchObject({
      op: 'split',
      key: 'spring-offer',
      arms: [
        { port: 'new', percent: 66.67 },
        { port: 'control', percent: 33.33 },
      ],
      out: { new: ['tag'], control: [] },
    })
    const arms = offers.steps.find(({ id }) => id === 'offer')?.input.arms ?? []
    const keyless = offers.steps.map((one) => (one.id === 'offer' ? { ...one, input: { arms } } : one))
    expect(step({ ...offers, steps: keyless })).toMatchObject({ key: 'offer' })
  })

  it('says what arms add up to that are not all', () => {
    const document = graphs.find(({ name }) => name === 'invalid-arms-not-100')?.document
    expect(compile(document, compileContext).problems).toMatchObject([
      { message: 'Arms add up to 99.5 percent.', fix: 'Change them until they add up to 100.' },
    ])
  })

  it('has the error port where a step’s failure is a branch, and what follows it is read there alone', () => {
    const of = (id: string) => {
      const compiled = compile(deals, compileContext)
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
      return compiled.plan.steps.find((step) => step.id === id)
    }
    expect(of('opp')).toMatchObject({ onFailure: 'branch', out: { out: ['tag'], error: ['tell'] } })
    expect(of('tag')).not.toHaveProperty('onFailure')
    expect(of('tell')).toMatchObject({ readsSteps: ['opp'], in: [{ step: 'opp', port: 'error' }] })
  })

  it('warns of both where a failure and a success meet again, but not a rule that asks for the fault', () => {
    const met = (rule: unknown, text: string) => ({
      ...deals,
      steps: [
        ...deals.steps.map((step) => (step.id === 'tell' ? { ...step, input: { ...step.input, text } } : step)),
        { id: 'failed', type: 'flow.branch', input: { cases: [{ port: 'yes', if: rule }] } },
      ],
      edges: [
        ['start', 'opp'],
        ['opp', 'tag'],
        ['tag', 'failed'],
        ['opp.error', 'failed'],
        ['failed.yes', 'tell'],
      ],
    })
    const said = (document: unknown) => {
      const { ok, problems } = compile(document, compileContext)
      return [ok, ...problems.map(({ severity, message }) => `${severity}: ${message}`)]
    }
    const fault = { property: 'steps.opp.fault.code', op: 'exists' }
    expect(said(met(fault, 'It failed.'))).toEqual([true])
    expect(said(met({ property: 'steps.opp.id', op: 'exists' }, 'Failed: {{ steps.opp.fault.code }}'))).toEqual([
      true,
      'warning: steps.opp.fault.code may be missing: "opp" may not have failed.',
      'warning: steps.opp.id may be missing: "opp" may have failed, and the run goes on.',
    ])
    // A warning hides no error of type.
    expect(said(met(fault, '{{ steps.opp.fault.code > 3 }}'))).toContainEqual(expect.stringMatching(/^error: /))
  })

  it('is the same whoever compiles it, and however often', () => {
    const again = createCompiler()
    const first = again(expansion, compileContext)
    expect(again(structuredClone(expansion), compileContext)).toEqual(first)
    expect(compile(expansion, compileContext)).toEqual(first)
  })
})

describe('limits', () => {
  const line = (count: number): unknown => {
    const ids = Array.from({ length: count - 1 }, (_, i) => `t${i}`)
    return {
      ...expansion,
      steps: [
        { id: 'start', type: 'trigger.manual', input: {} },
        ...ids.map((id) => ({ id, type: 'flow.delay', input: { mode: 'for', for: 'P1D' } })),
        { id: 'end', type: 'flow.exit', input: { reason: 'Over' } },
      ].slice(0, count),
      edges: ids.slice(0, count - 1).map((id, i) => [i === 0 ? 'start' : `t${i - 1}`, id]),
    }
  }

  it('takes 2000 steps and no more', () => {
    expect(compile(line(2000), compileContext).ok).toBe(true)
    expect(compile(line(2001), compileContext)).toMatchObject({
      ok: false,
      problems: [{ code: 'PLAYBOOK_TOO_LARGE', path: 'steps', message: '2001 steps; at most 2000.' }],
    })
  })

  it('refuses a trigger that cannot start runs for the subject', () => {
    const { manifest } = compileContext
    const contactsOnly = {
      ...manifest,
      steps: manifest.steps.map((step) =>
        step.kind === 'trigger' ? { ...step, subjects: ['contact' as const] } : step,
      ),
    }
    const compiled = compile({ ...expansion, subject: 'account' }, { ...compileContext, manifest: contactsOnly })
    expect(compiled.problems).toMatchObject([
      {
        code: 'TRIGGER_SUBJECT_MISMATCH',
        step: 'start',
        message: 'Signal changes starts runs for contacts, not for accounts.',
      },
    ])
  })

  it('asks the definition itself where it is at hand', () => {
    const checkInput = (type: string, input: object) =>
      type === 'trigger.signal@1' && 'signal' in input ? [{ path: 'edge', message: 'Only on Mondays.' }] : []
    expect(compile(expansion, { ...compileContext, checkInput }).problems).toMatchObject([
      { code: 'INPUT_INVALID', path: 'steps.start.input.edge', field: 'edge', message: 'Only on Mondays.' },
    ])
  })
})

describe('conditions', () => {
  const [start, ...rest] = expansion.steps
  const asking = (rule: unknown, more: Partial<PlaybookDocument> = {}) => ({
    ...expansion,
    steps: [
      start,
      ...rest.map((step) =>
        step.id === 'big' ? { ...step, input: { cases: [{ port: 'over-100', if: rule }] } } : step,
      ),
    ],
    ...more,
  })
  const quiet = (within: string) => ({ event: 'login', count: { op: 'eq', value: 0 }, within })
  const paths = (document: unknown, context = compileContext) =>
    compile(document, context).problems.map(({ code, path, message }) => [code, path, message])

  it('look no further back than events are kept, where that is known', () => {
    const context = { ...compileContext, keepEventsDays: 365 }
    const message = 'This looks 400 days back for “login”, but events are kept for 365 days.'
    const path = 'steps.big.input.cases.0.if'
    expect(compile(asking(quiet('P400D')), context).problems).toMatchObject([
      {
        code: 'RULE_INVALID',
        severity: 'error',
        path,
        step: 'big',
        field: 'cases',
        message,
        fix: 'Shorten it, or keep events for longer under Settings > Privacy.',
      },
    ])
    expect(paths(asking(quiet('P365D')), context)).toEqual([])
    expect(paths(asking(quiet('P400D')))).toEqual([])
    const goal = { name: 'Back', if: { accounts: quiet('P400D') } }
    expect(paths({ ...expansion, enrollment: { ...expansion.enrollment, goal } }, context)).toEqual([
      ['RULE_INVALID', 'enrollment.goal.if', message],
    ])
  })

  it('ask of related subjects only what the subject has', () => {
    const active = { event: 'login', count: { op: 'gte', value: 1 } }
    const path = 'steps.big.input.cases.0.if'
    expect(paths(asking({ any: [{ contacts: active }] }))).toEqual([
      ['RULE_INVALID', path, 'A contact has no contacts: only a rule about accounts counts its contacts.'],
    ])
    expect(paths(asking({ accounts: active }))).toEqual([])
    const about = { subject: 'account' as const }
    expect(paths(asking({ accounts: active }, about))).toEqual([
      ['RULE_INVALID', path, 'An account has no accounts: only a rule about contacts counts its accounts.'],
    ])
    expect(paths(asking({ contacts: active }, about))).toEqual([])
    const exit = [{ name: 'Gone', if: { contacts: active } }]
    expect(paths({ ...expansion, enrollment: { ...expansion.enrollment, exit } })).toEqual([
      ['RULE_INVALID', 'enrollment.exit.0.if', expect.stringContaining('A contact has no contacts')],
    ])
  })

  it('may read the contact whose event started a run about an account, and what the trigger brought', () => {
    const rule = { property: 'contact.plan', op: 'eq', value: 'pro' }
    expect(paths(asking(rule, { subject: 'account' }))).toEqual([])
  })

  it('are looked at again when the playbook is about others, and when events are kept for longer', () => {
    const again = createCompiler()
    const document = asking({ accounts: quiet('P400D') })
    expect(again(document, compileContext).ok).toBe(true)
    expect(again({ ...document, subject: 'account' }, compileContext).ok).toBe(false)
    expect(again(document, compileContext).ok).toBe(true)
    expect(again(document, { ...compileContext, keepEventsDays: 365 }).ok).toBe(false)
    expect(again(document, { ...compileContext, keepEventsDays: 400 }).ok).toBe(true)
  })
})

describe('a compiler that is kept', () => {
  it('sees an edit of one step, and a change of what the workspace has', () => {
    const again = createCompiler()
    expect(again(expansion, compileContext).ok).toBe(true)
    const edited = {
      ...expansion,
      steps: expansion.steps.map((s) => (s.id === 'tag' ? { ...s, input: { ...s.input, tag: '{{ oops' } } : s)),
    }
    expect(again(edited, compileContext).problems.map(({ code }) => code)).toEqual(['TEMPLATE_INVALID'])
    expect(again(structuredClone(expansion), compileContext).ok).toBe(true)
    expect(again(structuredClone(edited), compileContext).problems.map(({ code }) => code)).toEqual([
      'TEMPLATE_INVALID',
    ])
    const rewired = { ...structuredClone(expansion), edges: [...expansion.edges, ['opp', 'tag']] }
    expect(again(rewired, compileContext).problems.map(({ code }) => code)).toEqual(['CYCLE'])
    expect(again(expansion, compileContext).ok).toBe(true)
    expect(again(expansion, { ...compileContext, signals: [] }).problems.map(({ code }) => code)).toEqual([
      'SIGNAL_UNKNOWN',
    ])
  })
})
