import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, pictureFailures, PATIENTLY } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { productOf } from '../scenarios/product.ts'

// No mouse from here on: Tab, arrows, Enter, Escape and what one types.

let instance: Instance
let app: App

beforeAll(async () => {
  instance = await startInstance({ demo: false })
  await productOf(instance).connect()
  app = await openApp(instance)
}, 120_000)

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})

it('draws, publishes and undoes by keyboard alone', async () => {
  const { page } = app
  await page.goto(app.url)
  await tabTo(page.getByRole('textbox', { name: 'E-mail' }))
  await type(instance.adminEmail, 'Tab')
  await type(instance.adminPassword, 'Enter')
  await tabTo(page.getByRole('button', { name: 'New playbook' }))
  await type('Enter')
  await focused(page.getByRole('dialog').getByRole('textbox', { name: 'Name' }))
  await type('By keyboard', 'Enter')
  await page.getByRole('region', { name: 'Canvas' }).waitFor()

  await tabTo(page.getByRole('button', { name: 'Add trigger' }))
  await type('Enter')
  await pick('event happens')
  // The focus is where the new step wants to be filled in.
  await focused(page.getByRole('combobox', { name: 'Event', exact: true }))
  await type('Seat Limit Reached', 'Escape', 'Escape')
  await focused(step('Event happens'))

  await type('a')
  await pick('branch')
  await drawRule()

  await type('a')
  await pick('tag contact')
  await focused(page.getByRole('textbox', { name: 'Tag' }))
  await type('expansion', 'Escape')
  await focused(step('Tag contact'))

  await type('a')
  await pick('create opportunity')
  await describeOpportunity()

  await type('Escape')
  await type('a')
  await pick('wait for an event')
  await focused(page.getByRole('combobox', { name: 'Event', exact: true }))
  await type('Seat Added', 'Escape')
  await tabTo(page.getByRole('textbox', { name: 'But at most', exact: true }))
  await type('7', 'Escape')
  await focused(step('Wait for an event'))
  await page.getByText('Wait for Seat Added, at most 7 days').waitFor()

  // Arrows walk along the drawing; Enter opens, Escape leads back.
  await type('ArrowUp')
  await focused(step('Create opportunity'))
  await type('ArrowUp')
  await focused(step('Tag contact'))
  await type('ArrowUp')
  await focused(step('Branch'))
  await type('ArrowDown', 'Enter')
  await page.getByRole('complementary', { name: 'Step', exact: true }).getByText('tag_contact').waitFor()
  await type('Escape')

  await type('Delete')
  await expect.poll(() => step('Tag contact').count(), PATIENTLY).toBe(0)
  await type('Control+z')
  await step('Tag contact').waitFor()
  // Nothing follows the wait.
  await page.getByText('1 warning').waitFor()

  await tabTo(page.getByRole('button', { name: 'Publish', exact: true }))
  await type('Enter')
  await focused(page.getByRole('button', { name: 'Publish and turn on' }))
  await type('Enter')
  await page.getByRole('status').getByText('Saved · Published v1').waitFor()
  expect(app.faults).toEqual([])
}, 120_000)

it('shows where the focus is, at every stop of the editor', async () => {
  const { page } = app
  const unseen = new Set<string>()
  const seen = new Set<string>()
  for (let stop = 0; stop < 90; stop += 1) {
    await page.keyboard.press('Tab')
    const { name, visible } = await page.evaluate(focusLook)
    if (visible) seen.add(name)
    else if (name !== 'BODY') unseen.add(name)
  }
  expect([...unseen]).toEqual([])
  expect(seen.size).toBeGreaterThan(30)
}, 60_000)

async function drawRule(): Promise<void> {
  const { page } = app
  await focused(page.getByRole('textbox', { name: 'Name of the way out' }))
  await type('Control+a', 'over-100', 'Enter')
  await tabTo(page.getByRole('button', { name: 'Add condition' }))
  await type('Enter')
  // The condition stands before the button that made it.
  await tabTo(page.getByRole('combobox', { name: 'Property', exact: true }), 'Shift+Tab')
  await type('account.mrr', 'Escape')
  await tabTo(page.getByRole('combobox', { name: 'Comparison' }))
  await type('Enter')
  await walkTo(page.getByRole('option', { name: 'is more than', exact: true }))
  await type('Enter')
  await expect
    .poll(() => page.getByRole('combobox', { name: 'Comparison' }).inputValue(), PATIENTLY)
    .toBe('is more than')
  await tabTo(page.getByRole('textbox', { name: 'Value' }))
  await type('100', 'Escape')
  await focused(step('Branch'))
}

async function describeOpportunity(): Promise<void> {
  const { page } = app
  const form = page.getByRole('complementary', { name: 'Step', exact: true })
  // The step has a name of its own too.
  const field = form.locator('[data-field="name"]')
  const name = field.getByRole('textbox', { name: 'Name' })
  await focused(name)
  await type('Expansion: ', 'Tab')
  await focused(field.getByRole('button', { name: 'Insert data' }))
  await type('Enter')
  await focused(page.getByRole('textbox', { name: 'Search data' }))
  await type('account name', 'Enter')
  await focused(name)
  await expect.poll(() => name.inputValue(), PATIENTLY).toBe('Expansion: {{ account.name }}')
  await tabTo(form.getByRole('textbox', { name: 'Stage' }))
  await type('Prospecting')
  await tabTo(form.getByRole('textbox', { name: 'Close in days' }))
  await type('30')
}

/** Chooses from the list of steps. */
async function pick(words: string): Promise<void> {
  await focused(app.page.getByRole('combobox', { name: 'Search steps' }))
  await type(words, 'Enter')
}

const step = (label: string): Locator =>
  app.page.getByRole('region', { name: 'Canvas' }).getByRole('group', { name: new RegExp(`^${label},`) })

const KEY = /^(Tab|Enter|Escape|Delete|a|Arrow\w+|Control\+\w)$/

/** Presses what is the name of a key, and types everything else. */
async function type(...parts: string[]): Promise<void> {
  for (const part of parts) await (KEY.test(part) ? app.page.keyboard.press(part) : app.page.keyboard.type(part))
}

const isFocused = (target: Locator): Promise<boolean> =>
  target.evaluate((element) => element === element.ownerDocument.activeElement)

async function focused(target: Locator): Promise<void> {
  await target.waitFor()
  await expect.poll(() => isFocused(target), PATIENTLY).toBe(true)
}

/** Goes down an open list until the option is the chosen one. */
async function walkTo(option: Locator): Promise<void> {
  await option.waitFor()
  for (let presses = 0; presses < 30; presses += 1) {
    await app.page.keyboard.press('ArrowDown')
    if ((await option.getAttribute('data-combobox-selected')) === 'true') return
  }
  throw new Error(`ArrowDown never came to ${option.toString()}.`)
}

/** Goes on with Tab until the target has the focus, as a person would. */
async function tabTo(target: Locator, key = 'Tab'): Promise<void> {
  await target.waitFor()
  for (let presses = 0; presses < 120; presses += 1) {
    await app.page.keyboard.press(key)
    if (await isFocused(target)) return
  }
  throw new Error(`${key} never came to ${target.toString()}.`)
}

/** Runs in the page: whether the focused element looks different from when it has no focus. */
function focusLook(): { name: string; visible: boolean } {
  const element = document.activeElement
  if (!(element instanceof HTMLElement) || element === document.body) return { name: 'BODY', visible: true }
  const look = () => {
    for (const transition of document.getAnimations()) transition.finish()
    return [element, element.parentElement, element.parentElement?.parentElement]
      .map((part) => {
        if (part === null || part === undefined) return ''
        const { outline, boxShadow, borderColor, backgroundColor } = getComputedStyle(part)
        return [outline, boxShadow, borderColor, backgroundColor].join(' ')
      })
      .join('\n')
  }
  const focusedLook = look()
  element.blur()
  const blurredLook = look()
  element.focus({ preventScroll: true })
  const label = element.getAttribute('aria-label') ?? element.textContent?.slice(0, 40) ?? ''
  return { name: `${element.tagName} ${label} ${element.id}`, visible: focusedLook !== blurredLook }
}
