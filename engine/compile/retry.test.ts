import { describe, expect, it } from 'vitest'
import { post, planned, said, set } from '../../test/helpers/flow-drawing.ts'
import { playbookSchema } from '../model/playbook-schema.ts'
import type { StepRetry } from '../model/playbook.ts'

const edges: Array<[string, string]> = [['start', 'tell']]
const limited = (retry: unknown) => ({ ...post('tell', 'x'), retry: retry as StepRetry })

describe('what limits the repeats of an action', () => {
  it('compiles to milliseconds, and to nothing where nothing is said', () => {
    const retry = { attempts: 3, within: 'PT1H', backoff: { initial: 'PT30S', coefficient: 1.5, maximum: 'PT10M' } }
    expect(planned([limited(retry)], edges).of('tell')).toMatchObject({
      retry: {
        attempts: 3,
        withinMs: 3_600_000,
        backoff: { initialMs: 30_000, coefficient: 1.5, maximumMs: 600_000 },
      },
    })
    expect(planned([limited({ attempts: 1 })], edges).of('tell')).toMatchObject({
      retry: { attempts: 1, withinMs: null },
    })
    expect(planned([post('tell', 'x')], edges).of('tell')).not.toHaveProperty('retry')
  })

  it.each<[unknown, string]>([
    [{ attempts: 0 }, 'retry.attempts'],
    [{ attempts: 101 }, 'retry.attempts'],
    [{ attempts: 2.5 }, 'retry.attempts'],
    [{}, 'retry.attempts'],
    [{ attempts: 3, within: 'an hour' }, 'retry.within'],
    [{ attempts: 3, within: 'PT0S' }, 'retry.within'],
    [{ attempts: 3, every: 'PT1H' }, 'retry.every'],
    [[3], 'retry'],
    [{ attempts: 3, backoff: { initial: 'PT0S', coefficient: 2, maximum: 'PT1M' } }, 'retry.backoff.initial'],
    [{ attempts: 3, backoff: { initial: 'PT1S', coefficient: 0.5, maximum: 'PT1M' } }, 'retry.backoff.coefficient'],
    [{ attempts: 3, backoff: { initial: 'PT1H', coefficient: 2, maximum: 'PT1M' } }, 'retry.backoff.maximum'],
    [{ attempts: 3, backoff: { initial: 'PT1H', coefficient: 2 } }, 'retry.backoff.maximum'],
  ])('is refused as %j, at %s', (retry, path) => {
    const found = said([limited(retry)], edges)
    expect(found).toMatchObject([{ severity: 'error', path: `steps.tell.${path}` }])
    expect(found[0]?.fix).toMatch(/^(Give|Make|Known)/)
  })

  it('is refused of a step that is no action', () => {
    const found = said(
      [{ ...set('tell', 'a', '1'), retry: { attempts: 3 } }, post('end', 'x')],
      [
        ['start', 'tell'],
        ['tell', 'end'],
      ],
    )
    expect(found).toMatchObject([{ path: 'steps.tell.retry', fix: 'Remove "retry" from the step.' }])
  })

  it('is part of a document at the borders', () => {
    const document = (retry: unknown) => ({
      name: 'x',
      subject: 'contact',
      enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
      steps: [{ id: 'tell', type: 'slack.postMessage', input: {}, retry }],
      edges: [],
    })
    expect(playbookSchema.safeParse(document({ attempts: 3, within: 'PT1H' })).error).toBeUndefined()
    expect(playbookSchema.safeParse(document({ attempts: 0 })).success).toBe(false)
  })
})
