import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import activation from './activation.json' with { type: 'json' }
import churnRisk from './churn-risk.json' with { type: 'json' }
import expansion from './expansion.json' with { type: 'json' }
import onboarding from './onboarding.json' with { type: 'json' }

/** The demo's playbooks by slug; also what a new playbook can begin with. */
export const DEMO_PLAYBOOKS: Array<{ slug: string; document: PlaybookDocument }> = [
  { slug: 'expansion-signal-to-opportunity', document: asDocument(expansion) },
  { slug: 'churn-risk-to-account-owner', document: asDocument(churnRisk) },
  { slug: 'onboarding-done-to-success', document: asDocument(onboarding) },
]

/** Playbooks to begin with that are not on in the demo, by the id of their template. */
export const MORE_TEMPLATES: Array<{ slug: string; document: PlaybookDocument }> = [
  { slug: 'trial-waits-for-first-report', document: asDocument(activation) },
]

// JSON has no tuples for TypeScript; compile checks the shape.
function asDocument(json: object): PlaybookDocument {
  return json as PlaybookDocument
}
