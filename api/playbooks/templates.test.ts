import { expect, it } from 'vitest'
import { manifest } from '../../test/helpers/manifest.ts'
import { compile } from '../../engine/compile/compile.ts'
import { DEMO_AUDIENCES } from '../demo/audiences.ts'
import { TEMPLATES } from './templates.ts'

const slugs = (kind: string) => DEMO_AUDIENCES.flatMap((one) => (one.kind === kind ? [one.input.slug] : []))

it.each(TEMPLATES)('the template $id compiles where its connections and signals are there', ({ document }) => {
  const connections = [
    { slug: 'intercom', app: 'intercom' },
    { slug: 'salesforce', app: 'salesforce' },
  ]
  const compiled = compile(document, { manifest, connections, signals: slugs('signal'), segments: slugs('segment') })
  expect(compiled.problems).toEqual([])
})
