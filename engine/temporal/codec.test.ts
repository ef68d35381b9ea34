import { randomBytes } from 'node:crypto'
import type { Payload } from '@temporalio/common'
import { beforeEach, describe, expect, it } from 'vitest'
import { createRunCodec } from './codec.ts'
import { isErased } from './seal.ts'

const RUN = 'run_0a'
const of = (workflowId: string) => ({ type: 'workflow', namespace: 'default', workflowId }) as const
const payloadOf = (value: unknown): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
})
const valueOf = (payload: Payload | undefined): unknown => JSON.parse(Buffer.from(payload?.data ?? []).toString())

let keys: Map<string, Buffer>
let stored: Map<string, { bytes: Uint8Array; runId: string | null }>
const codec = () =>
  createRunCodec({
    keys: { key: (runId) => Promise.resolve(keys.get(runId) ?? null) },
    blobs: {
      get: (hash) => Promise.resolve(stored.get(hash)?.bytes ?? Promise.reject(new Error(`no ${hash}`))),
      put: (hash, bytes, runId) => Promise.resolve(void stored.set(hash, { bytes, runId })),
    },
  })
const encode = async (value: unknown, workflowId = RUN): Promise<Payload> => {
  const [payload] = await codec().encode([payloadOf(value)], of(workflowId))
  if (payload === undefined) throw new Error('Nothing was encoded.')
  return payload
}
const decode = async (payload: Payload): Promise<unknown> => valueOf((await codec().decode([payload]))[0])
const bytesOf = (payload: Payload): string =>
  Buffer.concat([...Object.values(payload.metadata ?? {}), payload.data ?? new Uint8Array()]).toString('latin1')

beforeEach(() => {
  keys = new Map([[RUN, randomBytes(32)]])
  stored = new Map()
})

describe('the codec of runs', () => {
  it('closes what a run leaves and opens it again, with the run named and nothing else readable', async () => {
    const payload = await encode({ email: 'ada@example.com' })
    expect(bytesOf(payload)).not.toContain('ada@example.com')
    expect(bytesOf(payload)).toContain(RUN)
    expect(await decode(payload)).toEqual({ email: 'ada@example.com' })
  })

  it('closes the same value another way each time', async () => {
    expect((await encode('same')).data).not.toEqual((await encode('same')).data)
  })

  it('reads what was written before runs had keys, and leaves other workflows as they are', async () => {
    expect(await decode(payloadOf({ old: true }))).toEqual({ old: true })
    expect(valueOf(await encode({ page: 2 }, 'schedule_1'))).toEqual({ page: 2 })
  })

  it('answers that it was deleted where the key is destroyed', async () => {
    const payload = await encode({ email: 'ada@example.com' })
    keys.delete(RUN)
    const value = await decode(payload)
    expect(isErased(value)).toBe(true)
    expect(JSON.stringify(value)).not.toContain('ada')
  })

  it('lets nothing out for a run whose key is destroyed', async () => {
    keys.delete(RUN)
    expect(isErased(valueOf(await encode({ email: 'ada@example.com' })))).toBe(true)
  })

  it('refuses a payload that was changed, and one that was moved to another run', async () => {
    const payload = await encode({ amount: 1 })
    const changed = Buffer.from(payload.data ?? [])
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    await expect(decode({ ...payload, data: changed })).rejects.toThrow(/changed/)
    keys.set('run_0b', keys.get(RUN) ?? Buffer.alloc(32))
    const moved = { ...payload, metadata: { ...payload.metadata, run: Buffer.from('run_0b') } }
    await expect(decode(moved)).rejects.toThrow(/changed/)
    await expect(decode({ ...payload, data: Buffer.from([9, 1, 2]) })).rejects.toThrow(/form \(9\)/)
  })

  it('puts a large value aside closed, as its run’s, and finds it again', async () => {
    const text = 'ada@example.com '.repeat(20_000)
    const payload = await encode({ text })
    expect(payload.data?.length).toBeLessThan(200)
    const [blob] = [...stored.values()]
    expect(blob?.runId).toBe(RUN)
    expect(Buffer.from(blob?.bytes ?? []).toString('latin1')).not.toContain('ada@example.com')
    expect(await decode(payload)).toEqual({ text })
    stored.clear()
    keys.delete(RUN)
    expect(isErased(await decode(payload))).toBe(true)
  })

  it('leaves a plan its address and a local order itself, which no history holds', async () => {
    const hash = `plan_${'a'.repeat(64)}`
    stored.set(hash, { bytes: Buffer.from('{"steps":[]}'), runId: null })
    const plan = await encode({ $plan: hash, plan: { steps: [] } })
    expect(valueOf(plan)).toEqual({ $plan: hash })
    expect(await decode(plan)).toEqual({ $plan: hash, plan: { steps: [] } })
    expect(valueOf(await encode({ $local: { name: 'Ada' } }))).toEqual({ $local: { name: 'Ada' } })
  })
})
