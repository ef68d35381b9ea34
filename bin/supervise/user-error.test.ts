import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { BOOTSTRAP_PAGES, UserError as BootstrapError } from '../../scripts/progress.mjs'
import { ERROR_PAGES, explain, isUserError, UserError } from './user-error.ts'

it('shows the message and, where there is one, the page to read on', () => {
  expect(explain(new UserError('Mend it.'))).toBe('Mend it.')
  expect(explain(new UserError('Mend it.', 'PORT_IN_USE'))).toBe('Mend it.\nMore: docs/errors/start/PORT_IN_USE.md')
})

it('is told from a defect, also when it comes from the bootstrap', () => {
  expect(isUserError(new BootstrapError('Mend it.'))).toBe(true)
  expect(isUserError(new Error('a defect'))).toBe(false)
})

it.each([...ERROR_PAGES, ...BOOTSTRAP_PAGES])('has a page for %s', (page) => {
  expect(existsSync(join(import.meta.dirname, `../../docs/errors/start/${page}.md`))).toBe(true)
})
