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
  TEAMS,
} from './race.ts'
import { type Figure, median, percentile, type Report, shown } from './report.ts'
import { DOCUMENT, SUBJECTS } from './run-world.ts'

const RULES: Rules = { rounds: 12, runsARound: 75, inFlight: 20, warmUp: 3 * SUBJECTS, oneAtATime: 100 }

/**
 * (a) Runs of a branch and two actions against the same workflow by hand, with the same activities, ledger and record,
 * and against a bare one.
 */
export function benchRuns(): Promise<Report> {
  return onTrack(TEAMS, async (track) => {
    const playbook = await track.world.publish(DOCUMENT)
    const measured = await race(
      track,
      TEAMS.map((team) => ({ team, playbook })),
      RULES,
    )
    const [signalbox, handwritten, bare] = measured
    if (signalbox === undefined || handwritten === undefined || bare === undefined) throw new Error('One did not run.')
    return reportOf({ signalbox, handwritten, bare })
  })
}

function reportOf(measured: { signalbox: Measured; handwritten: Measured; bare: Measured }): Report {
  const { signalbox, handwritten, bare } = measured
  const actions = ({ transitions }: Measured) => transitions.actions
  const figures: Figure[] = [
    {
      name: 'throughput against handwritten',
      value: rateOf(signalbox) / rateOf(handwritten),
      unit: '×',
      goal: { atLeast: 0.95 },
      note: roundsAgainst(signalbox, handwritten),
    },
    {
      name: 'throughput against bare',
      value: rateOf(signalbox) / rateOf(bare),
      unit: '×',
      goal: { atLeast: 0.85 },
      note: roundsAgainst(signalbox, bare),
    },
    {
      name: 'CPU a run, of handwritten to ours',
      value: cpuOf(handwritten) / cpuOf(signalbox),
      unit: '×',
      note: 'hardly moved by other load',
    },
    { name: 'CPU a run, of bare to ours', value: cpuOf(bare) / cpuOf(signalbox), unit: '×' },
    {
      name: 'Temporal actions per run',
      value: actions(signalbox),
      unit: '',
      goal: { atMost: actions(handwritten) },
      note: `handwritten ${actions(handwritten)}, bare ${actions(bare)}`,
    },
    {
      name: 'history events per run',
      value: eventsOf(signalbox),
      unit: '',
      goal: { atMost: eventsOf(handwritten) },
      note: `handwritten ${eventsOf(handwritten)}, bare ${eventsOf(bare)}`,
    },
    { name: 'one run at a time, p50', value: percentile(signalbox.latencies, 0.5), unit: 'ms', n8n: 54, n8nTuned: 31 },
    {
      name: 'one run at a time, p95',
      value: percentile(signalbox.latencies, 0.95),
      unit: 'ms',
      n8n: 117,
      n8nTuned: 46,
    },
  ]
  const title = `(a) Runs of a branch and two actions: ${RULES.rounds} rounds of ${RULES.runsARound} runs each, ${RULES.inFlight} in flight`
  return { title, figures, details: TEAMS.flatMap((team) => detailsOf(team, measured[team])) }
}

const detailsOf = (team: string, measured: Measured): string[] => [
  `  ${team}: ${shown(median(measured.runsPerSecond))} runs/s (rounds ${spread(measured.runsPerSecond)}); one at a time p50 ${shown(percentile(measured.latencies, 0.5))} ms, p95 ${shown(percentile(measured.latencies, 0.95))} ms`,
  costLine(measured),
]
