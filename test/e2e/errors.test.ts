import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, openApp, pictureFailures, PATIENTLY } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { EXPANSION, productOf } from '../scenarios/product.ts'

// Each mistake a person can make on the way from sign-in to the first run, and what they are told: what is wrong, where,
// and what to do. A busy port and a missing Temporal are told before there is an app: bin/ has those tests.

let instance: Instance
let app: App

beforeAll(async () => {
  instance = await startInstance({ demo: false })
  const product = productOf(instance)
  await product.connect()
  await product.publish('expansion', {
    ...EXPANSION,
    steps: [...EXPANSION.steps, { id: 'hand', type: 'trigger.manual', input: {}, at: [300, 0] }],
    edges: [...EXPANSION.edges, ['hand', 'big']],
  })
  app = await openApp(instance)
}, 120_000)

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})

describe('by HTTP', () => {
  it('a document with mistakes: each with its place and its remedy', async () => {
    const [start, big, tag, opp] = EXPANSION.steps
    const bad = {
      ...EXPANSION,
      name: 'Bad',
      steps: [start, big, { ...tag, type: 'intercom.tagContakt@1' }, { ...opp, input: {} }],
    }
    const saved = await send('PUT', '/v1/playbooks/bad', bad)
    expect(saved.status).toBe(200)
    const published = await send('POST', '/v1/playbooks/bad/publish', {})
    expect(published).toMatchObject({ status: 422, problem: { code: 'PLAYBOOK_HAS_PROBLEMS' } })
    const { problems } = published.problem
    expect(problems).toContainEqual(
      expect.objectContaining({ path: expect.stringContaining('tag'), message: expect.stringContaining('tagContakt') }),
    )
    expect(problems).toContainEqual(expect.objectContaining({ path: expect.stringMatching(/opp.*name/) }))
    for (const { fix } of problems ?? []) expect(fix).toMatch(/\w/)
  })

  it('a document that is none', async () => {
    const { status, problem } = await send('PUT', '/v1/playbooks/none', { name: 'x', steps: 'many' })
    expect(status).toBe(422)
    expect(JSON.stringify(problem)).toContain('steps')
  })

  it('an API key that is none', async () => {
    const answer = await fetch(`${instance.baseUrl}/v1/playbooks`, { headers: { authorization: 'Bearer nonsense' } })
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ code: 'KEY_UNKNOWN', detail: expect.stringMatching(/key/i) })
  })

  it('a contact that is not known', async () => {
    const { status, problem } = await send('POST', '/v1/playbooks/expansion/runs', {
      subject: { contact: 'nobody' },
      data: {},
    })
    expect(status).toBe(404)
    expect(problem.detail).toContain('nobody')
  })

  it('a wrong password', async () => {
    const { status, problem } = await send('POST', '/auth/sign-in/email', {
      email: instance.adminEmail,
      password: 'not the password',
    })
    expect(status).toBe(401)
    expect(problem.detail).toMatch(/password/i)
  })

  it('JSON that is none', async () => {
    for (const [method, path] of [
      ['PUT', '/v1/playbooks/expansion'],
      ['POST', '/v1/track'],
    ] as const) {
      const { status, problem } = await send(method, path, '{"userId": "ada", ')
      expect(status).toBe(400)
      expect(problem.detail).toMatch(/^The body is not JSON.*(Mend|Send)/)
    }
  })

  it('a body that is too large', async () => {
    const { status, problem } = await send('POST', '/v1/track', {
      userId: 'ada',
      event: 'Big',
      properties: { text: 'x'.repeat(1_000_000) },
    })
    expect(status).toBe(413)
    expect(problem).toMatchObject({ code: 'BODY_TOO_LARGE', detail: expect.stringMatching(/\d+ KB/) })
  })
})

describe('in the app', () => {
  it('a wrong password is refused in words, and the form stays', async () => {
    const { page } = app
    await page.goto(app.url)
    await page.getByRole('textbox', { name: 'E-mail' }).fill(instance.adminEmail)
    await page.getByRole('textbox', { name: 'Password' }).fill('not the password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page
      .getByRole('alert')
      .getByText(/password/i)
      .waitFor()
    expect(await page.getByRole('textbox', { name: 'E-mail' }).inputValue()).toBe(instance.adminEmail)
  })

  it('a token that the vendor refuses is not kept, and the dialog says why', async () => {
    const { page } = app
    await app.signIn()
    await app.open('Connections')
    await page.getByRole('button', { name: 'Connect Intercom' }).click()
    const dialog = page.getByRole('dialog', { name: 'Connect Intercom' })
    await dialog.getByLabel('Access token').fill('nonsense')
    await dialog.getByRole('button', { name: 'Connect with this token' }).click()
    await dialog
      .getByRole('alert')
      .getByText(/Intercom/)
      .waitFor()
    await app.picture('13-bad-token')
    await page.keyboard.press('Escape')
    expect(await page.getByRole('region', { name: 'Intercom' }).count()).toBe(1)
  })

  it('access denied on the vendor’s page comes back as words on the connections page', async () => {
    const { page } = app
    await app.open('Connections')
    await page.getByRole('button', { name: 'Connect Salesforce' }).click()
    await page.getByRole('button', { name: 'Sign in to Salesforce' }).click()
    await page.getByRole('button', { name: 'Deny' }).click()
    const alert = page.getByRole('alert')
    await alert.getByText('Connecting did not work').waitFor()
    await alert.getByText(/denied/i).waitFor()
  })

  it('a playbook with mistakes cannot be published: the dialog names them and leads to the field', async () => {
    const { page } = app
    await app.open('Playbooks')
    await page.getByRole('button', { name: 'New playbook' }).click()
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('With mistakes')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Add trigger' }).click()
    await page.getByRole('option', { name: /^Event happens/ }).click()
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Not ready to publish' })
    await app.picture('14-not-ready')
    await dialog.getByRole('button', { name: /Event is missing/ }).click()
    const event = page.getByRole('combobox', { name: 'Event', exact: true })
    await expect.poll(() => event.evaluate((input) => input === document.activeElement), PATIENTLY).toBe(true)
  })

  it('a dry run for a contact that is not known says so', async () => {
    const { page } = app
    await app.open('Playbooks')
    await page.getByRole('link', { name: EXPANSION.name }).click()
    await page.getByRole('button', { name: 'Dry run' }).click()
    const panel = page.getByRole('complementary', { name: 'Dry run' })
    await panel.getByRole('combobox', { name: 'Contact' }).fill('nobody')
    await page.keyboard.press('Escape')
    await panel.getByRole('button', { name: 'Try it' }).click()
    await panel
      .getByRole('alert')
      .getByText(/nobody/)
      .waitFor()
    expect(app.faults).toEqual([])
  })
})

interface Problem {
  code: string
  detail: string
  problems?: Array<{ path: string; message: string; fix: string }>
}

/** A text body is sent as it stands, anything else as JSON. */
async function send(method: string, path: string, body?: unknown): Promise<{ status: number; problem: Problem }> {
  const authorization = `Bearer ${instance.apiKey}`
  const answer = await fetch(instance.baseUrl + path, {
    method,
    headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: answer.status, problem: (await answer.json()) as Problem }
}
