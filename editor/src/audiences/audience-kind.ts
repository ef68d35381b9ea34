import { RadioTower, UsersRound } from 'lucide-react'
import { trpc } from '../api/client.ts'

export type AudienceKind = 'signal' | 'segment'

/** Signals and segments are one thing with two uses; only their words differ. */
export const WORDS = {
  signal: {
    one: 'signal',
    title: 'Signals',
    icon: RadioTower,
    lead: 'A named rule that is set when it becomes true for someone, and cleared when it stops. Both can start playbooks.',
    is: 'Set for',
    now: 'For whom it is set now',
    empty: 'A signal names a moment worth acting on, such as “expansion ready” or “gone quiet”.',
  },
  segment: {
    one: 'segment',
    title: 'Segments',
    icon: UsersRound,
    lead: 'A group with a rule: people and companies enter and leave it by themselves. Entering and leaving can start playbooks.',
    is: 'Members',
    now: 'Who is in it now',
    empty: 'A segment names a group you come back to, such as “power users” or “large accounts”.',
  },
} as const

export const apiOf = (kind: AudienceKind) => (kind === 'signal' ? trpc.signals : trpc.segments)
