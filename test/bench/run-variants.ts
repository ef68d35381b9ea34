import type { Json } from '../../nodes/manifest.ts'
import type { Facts, Reads } from '../../engine/model/rule.ts'

/** What crosses between the bench and its two handwritten workflows. Types only: the workflow bundles reach this file. */

export interface HandwrittenStep {
  action: string
  connection: string
  input: { [field: string]: Json }
}

export interface HandwrittenSteps {
  reads: Reads
  tag: HandwrittenStep
  opp: HandwrittenStep
}

export interface BareActivities {
  loadFacts(order: {
    workspaceId: string
    subject: { kind: 'contact' | 'account'; id: string }
    reads: Reads
  }): Promise<Facts>
  callVendor(order: HandwrittenStep & { workspaceId: string; runId: string; step: string; facts: Facts }): Promise<Json>
}
