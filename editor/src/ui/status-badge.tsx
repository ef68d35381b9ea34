import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CirclePause,
  CircleX,
  Clock,
  LogOut,
  type LucideIcon,
  PlugZap,
  RotateCw,
  UserRoundCheck,
} from 'lucide-react'

export type Tone = 'good' | 'warn' | 'bad' | 'idle' | 'accent'
interface Look {
  words: string
  tone: Tone
  icon: LucideIcon
}

/** How each status of runs, steps, playbooks, connections and effects looks: icon, words and colour, never colour alone. */
const LOOKS: { [status: string]: Look } = {
  // runs and steps
  queued: { words: 'Queued', tone: 'idle', icon: CircleDashed },
  running: { words: 'Running', tone: 'accent', icon: CircleDot },
  waiting: { words: 'Waiting', tone: 'accent', icon: Clock },
  held: { words: 'Held', tone: 'warn', icon: PlugZap },
  review: { words: 'Needs review', tone: 'warn', icon: UserRoundCheck },
  completed: { words: 'Completed', tone: 'good', icon: CircleCheck },
  exited: { words: 'Exited', tone: 'idle', icon: LogOut },
  failed: { words: 'Failed', tone: 'bad', icon: CircleX },
  cancelled: { words: 'Cancelled', tone: 'idle', icon: Ban },
  pending: { words: 'Not reached', tone: 'idle', icon: CircleDashed },
  acting: { words: 'Acting', tone: 'accent', icon: CircleDot },
  retrying: { words: 'Will retry', tone: 'warn', icon: RotateCw },
  paced: { words: 'Waiting for budget', tone: 'accent', icon: Clock },
  stopped: { words: 'Stopped', tone: 'bad', icon: CirclePause },
  done: { words: 'Done', tone: 'good', icon: CircleCheck },
  skipped: { words: 'Skipped', tone: 'idle', icon: CircleDashed },
  // playbooks and connections
  draft: { words: 'Draft', tone: 'idle', icon: CircleDashed },
  on: { words: 'On', tone: 'good', icon: CircleCheck },
  paused: { words: 'Paused', tone: 'warn', icon: CirclePause },
  archived: { words: 'Archived', tone: 'idle', icon: Ban },
  open: { words: 'Connected', tone: 'good', icon: CircleCheck },
  // effects and events
  intended: { words: 'Intended', tone: 'accent', icon: CircleDot },
  landed: { words: 'Landed', tone: 'good', icon: CircleCheck },
  unknown: { words: 'Unknown', tone: 'warn', icon: UserRoundCheck },
  refused: { words: 'Refused', tone: 'bad', icon: CircleX },
  started: { words: 'Started a run', tone: 'good', icon: CircleCheck },
}

export function lookOf(status: string): Look {
  return LOOKS[status] ?? { words: status, tone: 'idle', icon: CircleDashed }
}

export function StatusBadge({ status, words }: { status: string; words?: string }) {
  const look = lookOf(status)
  const { icon: Icon } = look
  return (
    <span className="sb-badge" data-tone={look.tone}>
      <Icon size={13} aria-hidden="true" />
      {words ?? look.words}
    </span>
  )
}
