import type { AudienceKind } from '../dispatch/audience-index.ts'
import type { AudienceDraft } from '../audiences/write-audience.ts'

/** The demo's signals, segments, score and computed property: use cases 15 to 19 of the field, in our words. */
export const DEMO_AUDIENCES: Array<{ kind: AudienceKind; input: AudienceDraft & { slug: string } }> = [
  {
    kind: 'signal',
    input: {
      slug: 'expansion-ready',
      name: 'Expansion ready',
      description: 'Ran out of seats at least twice within a week, on a plan that can still grow.',
      subject: 'contact',
      rule: {
        all: [
          { event: 'Seat Limit Reached', count: { op: 'gte', value: 2 }, within: 'P7D' },
          { property: 'account.plan', op: 'in', value: ['starter', 'team', 'business'] },
        ],
      },
    },
  },
  {
    kind: 'signal',
    input: {
      slug: 'churn-risk',
      name: 'Churn risk',
      description: 'A paying account of which nobody has signed in for 14 days.',
      subject: 'account',
      rule: {
        all: [
          { property: 'account.mrr', op: 'gt', value: 0 },
          // Somebody who never came is not at risk of leaving.
          { event: 'Logged In', count: { op: 'gte', value: 1 } },
          { event: 'Logged In', count: { op: 'eq', value: 0 }, within: 'P14D' },
        ],
      },
    },
  },
  {
    kind: 'signal',
    input: {
      slug: 'onboarding-done',
      name: 'Onboarding done',
      description: 'Has finished the onboarding checklist.',
      subject: 'contact',
      rule: { event: 'Onboarding Completed', count: { op: 'gte', value: 1 } },
    },
  },
  {
    kind: 'segment',
    input: {
      slug: 'power-users',
      name: 'Power users',
      description: 'Signed in five times or more within two weeks.',
      subject: 'contact',
      rule: { event: 'Logged In', count: { op: 'gte', value: 5 }, within: 'P14D' },
    },
  },
  {
    kind: 'segment',
    input: {
      slug: 'trials',
      name: 'Trials',
      description: 'Accounts that are trying the product.',
      subject: 'account',
      rule: { property: 'account.plan', op: 'eq', value: 'trial' },
    },
  },
  {
    kind: 'segment',
    input: {
      slug: 'renewal-within-90-days',
      name: 'Renewal within 90 days',
      description: 'Paying accounts whose contract ends soon.',
      subject: 'account',
      rule: {
        all: [
          { property: 'account.mrr', op: 'gt', value: 0 },
          { property: 'account.renewal_date', op: 'withinNext', value: 'P90D' },
        ],
      },
    },
  },
  {
    kind: 'score',
    input: {
      slug: 'health',
      name: 'Health',
      description: 'How well an account is doing: how much and how lately it is used, and whether it pays.',
      subject: 'account',
      rule: {
        parts: [
          {
            name: 'Usage',
            weight: 4,
            measure: {
              of: { figure: 'count', event: 'Logged In', within: 'P30D' },
              from: 0,
              to: 20,
              missing: 'none',
            },
          },
          {
            name: 'Lately used',
            weight: 4,
            measure: { of: { figure: 'daysSinceLast', event: 'Logged In' }, from: 14, to: 1, missing: 'none' },
          },
          { name: 'Pays', weight: 2, rule: { property: 'account.mrr', op: 'gt', value: 0 } },
        ],
        bands: [
          { name: 'At risk', from: 0, color: 'red' },
          { name: 'Fair', from: 40, color: 'yellow' },
          { name: 'Healthy', from: 70, color: 'green' },
        ],
        stages: [
          { name: 'Trial', rule: { property: 'account.plan', op: 'eq', value: 'trial' } },
          { name: 'Renewing', rule: { property: 'account.renewal_date', op: 'withinNext', value: 'P90D' } },
          { name: 'Live', rule: { property: 'account.mrr', op: 'gt', value: 0 } },
        ],
      },
    },
  },
  {
    kind: 'computed',
    input: {
      slug: 'logins-per-seat',
      name: 'Logins per seat',
      description: 'How often a paid seat was used within 30 days.',
      subject: 'account',
      rule: {
        property: 'logins_per_seat',
        formula: 'round(inputs.logins / account.seats * 100.0) / 100.0',
        inputs: { logins: { figure: 'count', event: 'Logged In', within: 'P30D' } },
      },
    },
  },
]
