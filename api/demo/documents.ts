import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import churnRisk from './churn-risk.json' with { type: 'json' }
import expansion from './expansion.json' with { type: 'json' }
import onboarding from './onboarding.json' with { type: 'json' }

/** The demo's playbooks by slug; also what a new playbook can begin with. A test compiles each. */
export const DEMO_PLAYBOOKS: Array<{ slug: string; document: PlaybookDocument }> = [
  { slug: 'expansion-signal-to-opportunity', document: asDocument(expansion) },
  { slug: 'churn-risk-to-account-owner', document: asDocument(churnRisk) },
  { slug: 'onboarding-done-to-success', document: asDocument(onboarding) },
]

// JSON has no tuples for TypeScript; compile checks the shape.
function asDocument(json: object): PlaybookDocument {
  return json as PlaybookDocument
}
