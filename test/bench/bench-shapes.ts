import type { DocumentStep, PlaybookDocument } from '../../engine/model/playbook.ts'
import type { TriggerData } from '../../engine/model/plan.ts'
import {
  costLine,
  cpuOf,
  eventsOf,
  type Measured,
  onTrack,
  race,
  rateOf,
  roundsAgainst,
  type Rules,
  spread,
} from './race.ts'
import { type Figure, median, type Report, shown } from './report.ts'
import { SUBJECTS } from './run-world.ts'

const RULES: Rules = { rounds: 10, runsARound: 50, inFlight: 20, warmUp: 3 * SUBJECTS, oneAtATime: 0 }
/** So many under way that the second they wait is spent on others. */
const WHILE_WAITING: Rules = { ...RULES, rounds: 5, runsARound: 200, inFlight: 75 }
const ITEMS = ['one', 'two', 'three', 'four', 'five']

interface Shape {
  name: string
  /** In `handwritten-workflow.ts`. */
  workflow: string
  document: PlaybookDocument
  data?: TriggerData['data']
  rules?: Rules
}

const tag = (id: string, text: string): DocumentStep => ({
  id,
  type: 'intercom.tagContact@1',
  connection: 'intercom',
  input: { contact: '{{ contact.id }}', tag: text },
})

const OPPORTUNITY: DocumentStep = {
  id: 'opp',
  type: 'salesforce.createOpportunity@1',
  connection: 'salesforce',
  input: {
    account: '{{ account.id }}',
    name: 'Expansion: {{ account.name }}',
    stage: 'Prospecting',
    closeInDays: 30,
    amount: '{{ account.mrr * 12 }}',
  },
}

const documentOf = (name: string, steps: DocumentStep[], edges: PlaybookDocument['edges']): PlaybookDocument => ({
  name,
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [{ id: 'start', type: 'trigger.manual@1', input: {} }, ...steps],
  edges,
})

const SHAPES: Shape[] = [
  {
    name: 'a wait of a second between two actions',
    workflow: 'handwrittenWait',
    document: documentOf(
      'Wait',
      [tag('tag', 'expansion'), { id: 'wait', type: 'flow.delay@1', input: { mode: 'for', for: 'PT1S' } }, OPPORTUNITY],
      [
        ['start', 'tag'],
        ['tag', 'wait'],
        ['wait', 'opp'],
      ],
    ),
    rules: WHILE_WAITING,
  },
  {
    name: 'two actions side by side, then a third',
    workflow: 'handwrittenParallel',
    document: documentOf(
      'Parallel',
      [
        tag('tag', 'expansion'),
        OPPORTUNITY,
        { id: 'both', type: 'flow.join@1', input: { wait: 'all' } },
        tag('last', 'done'),
      ],
      [
        ['start', 'tag'],
        ['start', 'opp'],
        ['tag', 'both'],
        ['opp', 'both'],
        ['both', 'last'],
      ],
    ),
  },
  {
    name: `an action for each of ${ITEMS.length} items, two at once`,
    workflow: 'handwrittenForEach',
    document: documentOf(
      'For each',
      [
        { id: 'each', type: 'flow.forEach@1', input: { list: 'trigger.data.items', atOnce: 2 } },
        tag('tag', '{{ item }}'),
      ],
      [
        ['start', 'each'],
        ['each.item', 'tag'],
      ],
    ),
    data: { data: { items: ITEMS }, at: '2026-03-02T09:30:00.000Z' },
  },
]

/** (j) Runs that wait, act side by side and work a list, each against the same workflow by hand. */
export function benchShapes(): Promise<Report> {
  return onTrack(['signalbox', 'handwritten'], async (track) => {
    const figures: Figure[] = []
    const details: string[] = []
    for (const { name, workflow, document, data, rules = RULES } of SHAPES) {
      const playbook = await track.world.publish(document, data)
      const runners = [
        { team: 'signalbox' as const, playbook },
        { team: 'handwritten' as const, playbook, workflow },
      ]
      const [ours, byHand] = await race(track, runners, rules)
      if (ours === undefined || byHand === undefined) throw new Error('One did not run.')
      figures.push(...figuresOf(name, ours, byHand))
      details.push(`  ${name}`, ...detailsOf('signalbox', ours), ...detailsOf('handwritten', byHand))
    }
    const title = `(j) Shapes of playbooks against the same workflows by hand: ${RULES.rounds * RULES.runsARound} runs of each in ${RULES.rounds} rounds, ${RULES.inFlight} in flight; of those that wait ${WHILE_WAITING.rounds} rounds and ${WHILE_WAITING.inFlight}`
    return { title, figures, details }
  })
}

const figuresOf = (name: string, ours: Measured, byHand: Measured): Figure[] => [
  {
    name: `${name}: throughput`,
    value: rateOf(ours) / rateOf(byHand),
    unit: '×',
    goal: { atLeast: 0.95 },
    note: roundsAgainst(ours, byHand),
  },
  { name: 'CPU a run, of handwritten to ours', value: cpuOf(byHand) / cpuOf(ours), unit: '×' },
  {
    name: 'Temporal actions per run',
    value: ours.transitions.actions,
    unit: '',
    goal: { atMost: byHand.transitions.actions },
    note: `handwritten ${byHand.transitions.actions}`,
  },
  {
    name: 'history events per run',
    value: eventsOf(ours),
    unit: '',
    goal: { atMost: eventsOf(byHand) },
    note: `handwritten ${eventsOf(byHand)}`,
  },
]

const detailsOf = (team: string, measured: Measured): string[] => [
  `  ${team}: ${shown(median(measured.runsPerSecond))} runs/s (rounds ${spread(measured.runsPerSecond)})`,
  costLine(measured),
]
