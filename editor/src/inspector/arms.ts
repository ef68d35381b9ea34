import { type Json, sumOfPercents } from '../../../nodes/manifest.ts'

/** One arm of a split, as its input holds it; without a percent while that is being typed. */
export interface Arm {
  port: string
  percent?: number
}

/** As many as a split may have. */
export const MOST_ARMS = 20

/** The arms of a split's input; parts that are none are left out of the drawing (compile names them). */
export function armsOf(value: Json | undefined): Arm[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((item) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item)) return []
    const { port, percent } = item
    if (typeof port !== 'string') return []
    return [typeof percent === 'number' ? { port, percent } : { port }]
  })
}

export const armsValue = (arms: readonly Arm[]): Json => arms as unknown as Json

export const armsSum = (arms: readonly Arm[]): number => sumOfPercents(arms.map(({ percent = 0 }) => percent))

/** The same share for each; of three, the first gets the hundredth that is left over. */
export function spreadEvenly(arms: readonly Arm[]): Arm[] {
  const each = Math.floor(10_000 / arms.length)
  const over = 10_000 - each * arms.length
  return arms.map(({ port }, index) => ({ port, percent: (index < over ? each + 1 : each) / 100 }))
}

/** One arm more: it gets what is left to 100; where arms are even, they stay so. */
export function addArm(arms: readonly Arm[]): Arm[] {
  const next: Arm = { port: freeArm(arms) }
  const even = spreadEvenly(arms).every(({ percent }, index) => percent === arms[index]?.percent)
  if (even) return spreadEvenly([...arms, next])
  const left = sumOfPercents([100, -armsSum(arms)])
  return [...arms, left > 0 ? { ...next, percent: left } : next]
}

/** a, b, c … */
function freeArm(arms: readonly Arm[]): string {
  const taken = new Set(arms.map(({ port }) => port))
  return 'abcdefghijklmnopqrstuvwxyz'.split('').find((name) => !taken.has(name)) ?? `arm-${arms.length + 1}`
}
