import './step-icon.css'
import {
  Box,
  CalendarClock,
  ClipboardPen,
  CornerDownRight,
  Ear,
  FlaskConical,
  Globe,
  Goal,
  Hand,
  LogOut,
  ListChecks,
  type LucideIcon,
  Mail,
  Merge,
  Milestone,
  RadioTower,
  Hash,
  Repeat,
  Split,
  Timer,
  UserCheck,
  Users,
  Variable,
  Webhook,
  Zap,
} from 'lucide-react'

/** The icons definitions name. A new name is one line here; until then the step shows a box. */
const ICONS: { [name: string]: LucideIcon } = {
  'calendar-clock': CalendarClock,
  'clipboard-pen': ClipboardPen,
  'corner-down-right': CornerDownRight,
  ear: Ear,
  'flask-conical': FlaskConical,
  globe: Globe,
  goal: Goal,
  hand: Hand,
  'list-checks': ListChecks,
  'log-out': LogOut,
  mail: Mail,
  merge: Merge,
  milestone: Milestone,
  'radio-tower': RadioTower,
  repeat: Repeat,
  slack: Hash,
  split: Split,
  timer: Timer,
  'user-check': UserCheck,
  users: Users,
  variable: Variable,
  webhook: Webhook,
  zap: Zap,
}

export function StepIcon({ name, size = 18 }: { name: string; size?: number }) {
  if (name === 'intercom') return <IntercomIcon size={size} />
  if (name === 'salesforce') return <SalesforceIcon size={size} />
  const Icon = ICONS[name] ?? Box
  return <Icon size={size} aria-hidden="true" />
}

/** A chat tile, drawn here: it stands for the app without being its trademark. */
function IntercomIcon({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
      <path
        d="M4 5.5A2.5 2.5 0 0 1 6.5 3h11A2.5 2.5 0 0 1 20 5.5v15l-3-2H6.5A2.5 2.5 0 0 1 4 16z"
        strokeWidth="2"
        strokeLinejoin="round"
      />
      <path
        d="M8 7.5v4M11 7v5.5M14 7v5.5M17 7.5v4M7.5 15c2.6 1.7 6.9 1.7 9.5 0"
        strokeWidth="1.6"
        strokeLinecap="round"
      />
    </svg>
  )
}

/** A cloud of records. */
function SalesforceIcon({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
      <path
        d="M7 18.5a4.5 4.5 0 0 1-1-8.88 5 5 0 0 1 9.1-2.3A4.2 4.2 0 1 1 17.5 15.8 4 4 0 0 1 12 18.2a4.4 4.4 0 0 1-5 .3z"
        strokeWidth="2"
        strokeLinejoin="round"
      />
    </svg>
  )
}
