import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, pictureFailures } from '../helpers/app-driver.ts'
import { type Instance, startInstance, withoutProduct } from '../helpers/instance.ts'

let instance: Instance
let app: App
beforeAll(async () => {
  instance = await startInstance({ demo: false })
  app = await openApp(instance)
}, 180_000)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})
pictureFailures(() => app)

const signIn = async (url: string) => {
  const { page } = app
  await page.goto(url)
  await page.getByRole('textbox', { name: 'E-mail' }).fill(instance.adminEmail)
  await page.getByRole('textbox', { name: 'Password' }).fill(instance.adminPassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
}
const sandbox = (path: string, body: object) =>
  fetch(`${instance.sandboxUrl}/_sandbox${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

it('a token leads to the sandbox unless another address is given, and the dialog says where', async () => {
  await app.signIn()
  await app.open('Connections')
  const { page } = app
  await page.getByRole('button', { name: 'Connect Intercom' }).click()
  const dialog = page.getByRole('dialog')
  const address = dialog.getByRole('textbox', { name: 'API address' })
  expect(await address.inputValue()).toBe(`${instance.sandboxUrl}/intercom`)
  await dialog.getByText('this leads to the sandbox’s Intercom').waitFor()
  await app.picture('20-connect-sandbox')
  await address.fill('https://api.eu.intercom.io')
  await dialog.getByText('This leads to the real Intercom').waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
}, 60_000)

it('one click installs the key field in Salesforce, and says what was done or what to ask for', async () => {
  const { page } = app
  await app.connect('Salesforce')
  await sandbox('/salesforce/fields', { object: 'Opportunity', name: 'Signalbox_Key__c', absent: true })
  await sandbox('/salesforce/permissions', { customizeApplication: false })
  await page.getByRole('button', { name: 'Actions for Salesforce' }).click()
  await page.getByRole('menuitem', { name: 'Install the key field' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Install Signalbox_Key__c' }).click()
  await dialog.getByText('Not installed on Opportunity').waitFor()
  await dialog.getByText('Customize Application').waitFor()
  await app.picture('21-key-field-refused')
  await sandbox('/salesforce/permissions', { customizeApplication: true })
  await dialog.getByRole('button', { name: 'Try again' }).click()
  await dialog.getByText('Installed on Opportunity').waitFor()
  await app.picture('22-key-field-installed')
  await page.keyboard.press('Escape')
}, 60_000)

it('going live says what is installed in an org that is not the sandbox’s, and installs it', async () => {
  const { page } = app
  const made = await sandbox('/salesforce/tokens', {})
  const { accessToken } = ((await made.json()) as { data: { accessToken: string } }).data
  await sandbox('/salesforce/fields', { object: 'Lead', name: 'Signalbox_Key__c', absent: true })
  await app.open('Connections')
  await page.getByRole('button', { name: 'Connect Salesforce' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Live org')
  await dialog.getByRole('textbox', { name: 'Access token' }).fill(accessToken)
  // The stand-in by another name is as good as a real org: the connection does not know it for the sandbox.
  const address = `${instance.sandboxUrl.replace('127.0.0.1', 'localhost')}/salesforce`
  await dialog.getByRole('textbox', { name: 'Instance address' }).fill(address)
  await dialog.getByRole('button', { name: 'Connect with this token' }).click()
  await page.getByRole('region', { name: 'Live org' }).getByText('Connected').waitFor()
  await app.open('Going live')
  const org = page.getByRole('group', { name: 'Signalbox_Key__c in Live org' })
  await org.getByText('Lead: not installed').waitFor()
  await org.getByRole('button', { name: 'Install Signalbox_Key__c' }).click()
  await org.getByText('Installed on Lead').waitFor()
  await page.getByRole('heading', { name: 'Install one field in Salesforce · done' }).waitFor()
  await org.scrollIntoViewIfNeeded()
  await app.picture('26-going-live-key-field')
}, 60_000)

it('a real vendor asked for at another address goes on at the public one, after a word and a sign-in there', async () => {
  const { page } = app
  const publicUrl = app.url
  await app.context.clearCookies()
  await signIn(publicUrl.replace('localhost', '127.0.0.1'))
  await app.open('Going live')
  await page.getByRole('textbox', { name: 'Salesforce client id' }).fill('the-client')
  await page.getByRole('textbox', { name: 'Salesforce client secret' }).fill('the-secret')
  await page.getByRole('button', { name: 'Save' }).nth(1).click()
  await page.getByText('Client id in use').waitFor()
  await app.picture('23-going-live')
  await page.getByRole('button', { name: 'Connect the real Salesforce' }).click()
  await page.getByText('Sign in here too').waitFor()
  expect(new URL(page.url()).origin).toBe(publicUrl)
  await app.picture('24-sign-in-here-too')
  await page.getByRole('textbox', { name: 'E-mail' }).fill(instance.adminEmail)
  await page.getByRole('textbox', { name: 'Password' }).fill(instance.adminPassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Go on connecting Salesforce from here').waitFor()
  await app.picture('25-begin-here')
  // The vendor itself is not asked: where the browser would go is enough.
  const asked: string[] = []
  await page.route('https://login.salesforce.com/**', (route) => {
    asked.push(route.request().url())
    return route.fulfill({ status: 200, contentType: 'text/html', body: '<title>Salesforce</title>' })
  })
  await page.getByRole('button', { name: 'Sign in to Salesforce' }).click()
  await expect.poll(() => asked.length, { timeout: 30_000 }).toBe(1)
  expect(new URL(asked[0] ?? '').searchParams.get('redirect_uri')).toBe(`${publicUrl}/oauth/callback/salesforce`)
  expect(app.faults).toEqual([])
}, 90_000)

it('the backup of a running installation has its sandboxes’ records', async () => {
  const file = join(instance.dataDir, 'backup.gz')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../bin/cli.ts'), 'backup', file],
    {
      env: {
        ...withoutProduct(process.env),
        SIGNALBOX_DATA_DIR: instance.dataDir,
        SIGNALBOX_SANDBOX_PORT: new URL(instance.sandboxUrl).port,
      },
    },
  )
  expect(stdout).toMatch(/rows of \d+ tables, \d+ of the sandboxes\./)
}, 60_000)
