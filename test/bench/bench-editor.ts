import type { Browser, Page } from 'playwright-core'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import { launchChromium } from '../helpers/chromium.ts'
import { startInstance } from '../helpers/instance.ts'
import { largeDocument } from './compile.ts'
import { type Product, productOf } from './product.ts'
import { median, type Report, shown } from './report.ts'
import { DOCUMENT } from './run-world.ts'
import { measureStarts } from './starts.ts'

const OPENINGS = 5
const LARGE = 1000
const PAN_MS = 3000
const OPEN_LIMIT_MS = 60_000
const VIEWPORT = { width: 1440, height: 900 }
const NODE = '.react-flow__node'

interface Opening {
  ms: number
  requests: number
}

interface Opened {
  /** In a browser that has been here before, as on every day but the first. */
  warm: Opening[]
  /** With nothing kept. */
  cold: Opening[]
  framesPerSecond: number
  nodes: number
}

/** (e) Opening the editor in Chromium, until the steps in view are drawn; panning; and the starts of the product. */
export async function benchEditor(): Promise<Report> {
  const starts = await measureStarts()
  const instance = await startInstance({ demo: false })
  const product = productOf(instance)
  const browser = await launchChromium()
  try {
    await product.connectSandboxes()
    await product.rest('PUT', '/v1/playbooks/bench-small', DOCUMENT)
    await product.rest('PUT', '/v1/playbooks/bench-large', placed(largeDocument(LARGE)))
    const small = await open({ browser, product }, 'bench-small', DOCUMENT.steps.length)
    const large = await open({ browser, product }, 'bench-large', 5)
    const ms = (openings: Opening[]) => median(openings.map((opening) => opening.ms))
    const requests = Math.max(...[...small.cold, ...large.cold].map((opening) => opening.requests))
    return {
      title: `(e) Opening the editor in Chromium (median of ${OPENINGS}), and npm start`,
      figures: [
        { name: '4 steps', value: ms(small.cold), unit: 'ms', goal: { atMost: 1000 }, n8n: 3500 },
        { name: '1,000 steps', value: ms(large.cold), unit: 'ms', goal: { atMost: 3000 }, n8n: 24_000 },
        { name: 'requests', value: requests, unit: '', goal: { atMost: 60 }, n8n: 575 },
        {
          name: 'panning 1,000 steps',
          value: large.framesPerSecond,
          unit: 'frames/s',
          n8n: [4, 6],
        },
        { name: 'npm start, warm', value: starts.warmSeconds, unit: 's', goal: { atMost: 8 }, n8n: 7.2 },
        {
          name: 'npm start, first, fresh clone',
          value: starts.firstSeconds,
          unit: 's',
          goal: { atMost: 240 },
        },
      ],
      details: [
        `  4 steps: with a filled browser cache ${shown(ms(small.warm))} ms; panning ${shown(small.framesPerSecond)} frames/s`,
        `  1,000 steps: with a filled browser cache ${shown(ms(large.warm))} ms; ${large.nodes} steps were in view`,
        `  n8n's start is to its first answer to a webhook`,
      ],
    }
  } finally {
    await browser.close()
    await product.close()
    await instance.stop()
  }
}

/** Drawn one under the other, as a large playbook is kept: laying it out is not part of opening it. */
function placed(document: PlaybookDocument): PlaybookDocument {
  const steps = document.steps.map((step, i) => ({
    ...step,
    at: [(i % 5) * 260, Math.floor(i / 5) * 160] as [number, number],
  }))
  return { ...document, steps }
}

async function open(
  { browser, product }: { browser: Browser; product: Product },
  slug: string,
  atLeast: number,
): Promise<Opened> {
  const cold: Opening[] = []
  const warm: Opening[] = []
  let last: { framesPerSecond: number; nodes: number } = { framesPerSecond: Number.NaN, nodes: 0 }
  for (let i = 0; i < OPENINGS; i += 1) {
    const { page, close } = await signedInPage(browser, product)
    try {
      cold.push(await timeOpening(page, { product, slug, atLeast }))
      // Away and back by address: a fresh document with a filled cache.
      await page.goto('about:blank')
      warm.push(await timeOpening(page, { product, slug, atLeast }))
      if (i === OPENINGS - 1) last = { framesPerSecond: await pan(page), nodes: await page.locator(NODE).count() }
    } finally {
      await close()
    }
  }
  return { cold, warm, ...last }
}

async function signedInPage(browser: Browser, product: Product): Promise<{ page: Page; close: () => Promise<void> }> {
  const context = await browser.newContext({ viewport: VIEWPORT })
  const url = appUrl(product)
  const cookies = await product.cookies()
  await context.addCookies(
    cookies.map(({ name, value }) => ({ name, value: encodeURIComponent(value), url, httpOnly: true })),
  )
  const page = await context.newPage()
  return { page, close: () => context.close() }
}

/** By the name that its cookies and its origin check are made for. */
const appUrl = ({ instance }: Product): string => `http://localhost:${new URL(instance.baseUrl).port}`

/** From the address bar's Enter until the steps in view are in the page and laid out. */
async function timeOpening(
  page: Page,
  { product, slug, atLeast }: { product: Product; slug: string; atLeast: number },
): Promise<Opening> {
  let requests = 0
  const count = () => {
    requests += 1
  }
  page.on('request', count)
  const began = performance.now()
  await page.goto(`${appUrl(product)}/playbooks/${slug}`, { waitUntil: 'commit' })
  await page.waitForFunction(
    ({ selector, least }) => {
      const nodes = [...document.querySelectorAll<HTMLElement>(selector)]
      return nodes.filter((node) => getComputedStyle(node).visibility === 'visible').length >= least
    },
    { selector: NODE, least: atLeast },
    { timeout: OPEN_LIMIT_MS, polling: 'raf' },
  )
  const ms = performance.now() - began
  // What it still fetches afterwards is part of opening it, too.
  await page.waitForLoadState('load')
  await page.waitForTimeout(500)
  page.off('request', count)
  return { ms, requests }
}

/** Frames a second while the canvas is dragged to and fro. */
async function pan(page: Page): Promise<number> {
  const { width, height } = VIEWPORT
  // A place of the canvas with nothing under it.
  const spot = await page.evaluate(() => {
    const pane = document.querySelector('.react-flow__pane')?.getBoundingClientRect()
    if (pane === undefined) return null
    for (let y = pane.top + 20; y < pane.bottom - 20; y += 20)
      for (let x = pane.left + 20; x < pane.right - 20; x += 20)
        if (document.elementFromPoint(x, y)?.classList.contains('react-flow__pane')) return { x, y }
    return null
  })
  if (spot === null) throw new Error('The canvas has no free place to drag it by.')
  const counting = page.evaluate(
    (ms) =>
      new Promise<number>((resolve) => {
        let frames = 0
        const began = performance.now()
        const tick = () => {
          frames += 1
          const passed = performance.now() - began
          if (passed >= ms) resolve((frames / passed) * 1000)
          else requestAnimationFrame(tick)
        }
        requestAnimationFrame(tick)
      }),
    PAN_MS,
  )
  await page.mouse.move(spot.x, spot.y)
  await page.mouse.down()
  const until = performance.now() + PAN_MS
  for (let i = 1; performance.now() < until; i += 1) {
    const reach = 300 * Math.sin(i / 12)
    await page.mouse.move(
      Math.min(width - 5, Math.max(5, spot.x + reach)),
      Math.min(height - 5, Math.max(5, spot.y + reach)),
    )
    await page.waitForTimeout(8)
  }
  await page.mouse.up()
  return counting
}
