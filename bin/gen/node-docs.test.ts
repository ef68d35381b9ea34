import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalog } from '../../nodes/catalog.ts'
import { toManifest } from '../../nodes/to-manifest.ts'
import { nodeDocs } from './node-docs.ts'

const folder = join(import.meta.dirname, '..', '..', 'docs', 'nodes')
const pages = nodeDocs(toManifest(catalog))

describe('docs/nodes', () => {
  it('has a page for every step and no other (run `npm run gen` if not)', () => {
    expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort())
  })

  it.each([...pages])('has in %s what the definition says (run `npm run gen` if not)', (name, text) => {
    expect(readFileSync(join(folder, name), 'utf8')).toBe(text)
  })
})

describe('nodeDocs', () => {
  it('tells of ports, repeats, conditions and outputs', () => {
    expect(pages.get('flow.branch.md')).toContain('one for each of `cases`, named by its `port`, `else`')
    expect(pages.get('flow.exit.md')).toContain('none: the run ends here')
    expect(pages.get('flow.delay.md')).toContain('yes; only while `mode` is for')
    expect(pages.get('email.send.md')).toContain('Review: when an answer is lost')
    expect(pages.get('trigger.event.md')).toContain('| `occurredAt` | date-time |')
  })

  it('keeps a bar in a table cell', () => {
    for (const text of pages.values())
      for (const line of text.split('\n'))
        if (line.startsWith('| `')) expect([4, 7], line).toContain(line.split(/(?<!\\)\|/).length)
  })
})
