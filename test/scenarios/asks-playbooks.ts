/** Playbooks that ask, and one that calls one that asks. The question's title is the order, by which it is found. */

export const ASKED = 'Asked'
export const ASKED_BRIEFLY = 'Asked Briefly'
export const CALLS = 'Calls'

const common = { subject: 'contact', enrollment: { reentry: { policy: 'every' }, exit: [], goal: null } }
const end = (id: string, reason: string, outputs?: { [name: string]: string }) => ({
  id,
  type: 'flow.exit',
  input: { reason, ...(outputs && { outputs }) },
})
const approval = (title: string, maxWait: string) => ({
  id: 'ask',
  type: 'flow.approval',
  input: { title, maxWait, link: 'mayAnswer' },
})

// event --> ask --approved, rejected, timeout--> exit by that name
const asking = (name: string, event: string, maxWait: string) => ({
  name,
  ...common,
  steps: [
    { id: 'start', type: 'trigger.event', input: { event } },
    approval('{{ trigger.properties.order }}', maxWait),
    end('yes', 'approved'),
    end('no', 'rejected'),
    end('late', 'timeout'),
  ],
  edges: [
    ['start', 'ask'],
    ['ask.approved', 'yes'],
    ['ask.rejected', 'no'],
    ['ask.timeout', 'late'],
  ],
})

// called --> a second --> ask --approved, rejected--> exit, leaving the comment
const ANSWERED = {
  name: 'Answered',
  ...common,
  steps: [
    { id: 'called', type: 'trigger.call', input: { fields: { order: 'Which' } } },
    { id: 'pause', type: 'flow.delay', input: { mode: 'for', for: 'PT1S' } },
    approval('{{ trigger.data.order }}', 'P1D'),
    end('yes', 'Yes', { said: 'steps.ask.comment' }),
    end('no', 'No', { said: 'steps.ask.comment' }),
  ],
  edges: [
    ['called', 'pause'],
    ['pause', 'ask'],
    ['ask.approved', 'yes'],
    ['ask.rejected', 'no'],
  ],
}

const said = (word: string) => ({ property: 'steps.call.output.said', op: 'eq', value: word })

// event --> call --done--> which? --approved, rejected--> exit; --failed--> exit
const CALLER = {
  name: 'Calls',
  ...common,
  steps: [
    { id: 'start', type: 'trigger.event', input: { event: CALLS } },
    {
      id: 'call',
      type: 'flow.callPlaybook',
      input: { playbook: 'answered', inputs: { order: '{{ trigger.properties.order }}' }, wait: 'yes' },
    },
    {
      id: 'which',
      type: 'flow.branch',
      input: { cases: ['approved', 'rejected'].map((word) => ({ port: word, if: said(word) })) },
    },
    end('yes', 'approved'),
    end('no', 'rejected'),
    end('neither', 'neither'),
    end('broken', 'failed'),
  ],
  edges: [
    ['start', 'call'],
    ['call.done', 'which'],
    ['which.approved', 'yes'],
    ['which.rejected', 'no'],
    ['which.else', 'neither'],
    ['call.failed', 'broken'],
  ],
}

export const PLAYBOOKS: ReadonlyArray<[slug: string, document: unknown]> = [
  ['answered', ANSWERED],
  ['asked', asking('Asked', ASKED, 'P1D')],
  ['asked-briefly', asking('Asked briefly', ASKED_BRIEFLY, 'PT6S')],
  ['calls', CALLER],
]
