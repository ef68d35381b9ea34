import { catalog } from '../../nodes/catalog.ts'
import type { Manifest } from '../../nodes/manifest.ts'
import { toManifest } from '../../nodes/to-manifest.ts'
import type { CompileContext } from '../../engine/compile/context.ts'

/** The manifest of what is really there: tests of the compiler hold for what people use. */
export const manifest: Manifest = toManifest(catalog)

export const compileContext: CompileContext = {
  manifest,
  connections: [
    { slug: 'intercom', app: 'intercom' },
    { slug: 'salesforce', app: 'salesforce' },
    { slug: 'slack', app: 'slack' },
    { slug: 'email', app: 'email' },
  ],
  signals: ['expansion-ready', 'churn-risk'],
  segments: ['trial', 'power-users'],
  scores: ['health'],
  properties: {
    'contact.name': 'string',
    'contact.email': 'string',
    'contact.plan': 'string',
    'contact.renewal_date': 'string',
    'account.name': 'string',
    'account.mrr': 'number',
  },
}
