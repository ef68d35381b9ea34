import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterEach } from 'vitest'
import { launchChromium } from './chromium.ts'
import type { Instance } from './instance.ts'

const SIZE = { width: 1440, height: 900 }
/** How long a page may take to show what is waited for. Far above what it takes, for machines with much else to do. */
const PATIENCE_MS = 30_000

/** The same for `expect.poll`, which gives up after a second by itself. */
export const PATIENTLY = { timeout: PATIENCE_MS }

/** The app in a real Chromium, used as a person uses it: through what is seen, by mouse and keyboard. */
export interface App {
  page: Page
  context: BrowserContext
  /** The address a person opens: the public one, on which vendors answer too. */
  url: string
  /** What no page may do: errors that nobody caught, and anything the content policy refused. */
  faults: string[]
  signIn(): Promise<void>
  /** Opens a page by its link in the navigation. */
  open(link: string): Promise<void>
  /** Connects a vendor's sandbox by its OAuth page. */
  connect(vendor: string): Promise<void>
  /** A picture of what is shown now: into docs/images with UPDATE_IMAGES=1, else into the temporary folder. */
  picture(stage: string): Promise<void>
  close(): Promise<void>
}

/** What of an instance a browser needs. */
export type Served = Pick<Instance, 'baseUrl' | 'adminEmail' | 'adminPassword'>

/** @param scheme which appearance the browser asks for */
export async function openApp(instance: Served, scheme: 'light' | 'dark' = 'light'): Promise<App> {
  const browser = await launchChromium()
  const context = await browser.newContext({ viewport: SIZE, colorScheme: scheme, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  const url = publicUrl(instance)
  const app: App = {
    page,
    context,
    url,
    faults: watchFaults(page),
    signIn: () => signIn(page, url, instance),
    // From the first letter on: “Reruns” is another page than “Runs”. A count may follow.
    open: (link) =>
      page
        .getByRole('navigation', { name: 'Main' })
        .getByRole('link', { name: new RegExp(`^${link}\\b`) })
        .click(),
    connect: (vendor) => connect(app, vendor),
    picture: (stage) => picture(page, stage),
    close: () => closeAll(browser, context),
  }
  return app
}

/** Leaves a picture of what was shown when a test of this file failed, in the temporary folder. */
export function pictureFailures(app: () => App | undefined): void {
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await app()?.page.screenshot({ path: join(tmpdir(), `failed-${task.id}.png`) })
  })
}

// The supervisor's ready line names it.
const publicUrl = (instance: Served): string => instance.baseUrl.replace('127.0.0.1', 'localhost')

function watchFaults(page: Page): string[] {
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    // That a call was refused (401 before signing in) is the app's to say, and it does.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text())
  })
  page.on('response', (response) => {
    if (response.status() >= 500) faults.push(`${response.status()} ${response.url()}`)
  })
  return faults
}

async function signIn(page: Page, url: string, instance: Served): Promise<void> {
  await page.goto(url)
  await page.getByRole('textbox', { name: 'E-mail' }).fill(instance.adminEmail)
  await page.getByRole('textbox', { name: 'Password' }).fill(instance.adminPassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Playbooks', level: 1 }).waitFor()
}

async function connect({ page, open }: App, vendor: string): Promise<void> {
  await open('Connections')
  await page.getByRole('button', { name: `Connect ${vendor}` }).click()
  await page.getByRole('button', { name: `Sign in to ${vendor}` }).click()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByRole('region', { name: vendor }).getByText('Connected').waitFor()
}

async function picture(page: Page, stage: string): Promise<void> {
  const folder =
    process.env.UPDATE_IMAGES === '1'
      ? join(import.meta.dirname, '../../docs/images')
      : join(tmpdir(), 'signalbox-images')
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${stage}.png`), animations: 'disabled' })
}

async function closeAll(browser: Browser, context: BrowserContext): Promise<void> {
  await context.close()
  await browser.close()
}
