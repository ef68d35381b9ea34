import type { Instant } from '../model/rule.ts'

/** One sleep of a run. */
export interface Sleep<R> {
  until: Instant
  /** Of two with the same end the one begun first is the earlier. */
  order: number
  run: R
  step: string
  visit: number
  cancelled: boolean
}

/** The virtual clock: sleeps, of which the earliest is asked for. */
export interface Sleeps<R> {
  begin(sleep: { until: Instant; run: R; step: string; visit: number }): Sleep<R>
  cancel(sleep: Sleep<R>): void
  /** Takes out the earliest that ends by then; null: there is none. */
  next(until: Instant): Sleep<R> | null
}

/** A binary heap. What is cancelled stays in it until it comes up, or until it is the greater half. */
export function openSleeps<R>(): Sleeps<R> {
  let heap: Array<Sleep<R>> = []
  let orders = 0
  let cancelled = 0
  return {
    begin: (given) => {
      orders += 1
      const sleep = { ...given, order: orders, cancelled: false }
      heap.push(sleep)
      up(heap, heap.length - 1)
      return sleep
    },
    cancel: (sleep) => {
      if (sleep.cancelled) return
      sleep.cancelled = true
      cancelled += 1
      if (cancelled < 1000 || cancelled * 2 < heap.length) return
      heap = heap.filter((one) => !one.cancelled)
      for (let i = (heap.length >> 1) - 1; i >= 0; i -= 1) down(heap, i)
      cancelled = 0
    },
    next: (until) => {
      for (let first = heap[0]; first !== undefined && (first.cancelled || first.until <= until); first = heap[0]) {
        const last = heap.pop()
        if (last !== undefined && heap.length > 0) {
          heap[0] = last
          down(heap, 0)
        }
        if (!first.cancelled) return first
        cancelled -= 1
      }
      return null
    },
  }
}

const earlier = <R>(a: Sleep<R> | undefined, b: Sleep<R> | undefined): boolean =>
  a !== undefined && b !== undefined && (a.until < b.until || (a.until === b.until && a.order < b.order))

function swap<R>(heap: Array<Sleep<R>>, i: number, j: number): void {
  const [a, b] = [heap[i], heap[j]]
  if (a === undefined || b === undefined) return
  heap[i] = b
  heap[j] = a
}

function up<R>(heap: Array<Sleep<R>>, from: number): void {
  for (let i = from; i > 0; ) {
    const parent = (i - 1) >> 1
    if (!earlier(heap[i], heap[parent])) return
    swap(heap, i, parent)
    i = parent
  }
}

function down<R>(heap: Array<Sleep<R>>, from: number): void {
  for (let i = from; ; ) {
    let first = i
    for (const child of [2 * i + 1, 2 * i + 2]) if (earlier(heap[child], heap[first])) first = child
    if (first === i) return
    swap(heap, i, first)
    i = first
  }
}
