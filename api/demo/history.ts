import type { Json } from '../../nodes/manifest.ts'
import { chance, type DemoAccount, type DemoContact, HERO } from './people.ts'

/** A message as it was sent on a day of the past. */
export interface PastMessage {
  at: number
  message: { [name: string]: Json }
}

const DAY_MS = 86_400_000
const DAYS = 60
/** Beside signing in: what people do, and how often of ten. */
const DOINGS = [
  'Report Created',
  'Report Created',
  'Export Downloaded',
  'Member Invited',
  'Dashboard Shared',
  'Plan Viewed',
]

/**
 * Sixty days of a small product's life, in order: people come, sign in and work; some go quiet, some run out of seats.
 * @param now milliseconds since 1970: the day after the last
 */
export function demoHistory(accounts: DemoAccount[], now: number): PastMessage[] {
  const random = chance(7)
  const messages: PastMessage[] = []
  for (const account of accounts) {
    messages.push(...arrival(account, now))
    for (let daysAgo = Math.min(DAYS, account.cameDaysAgo) - 1; daysAgo >= 1; daysAgo--)
      if (daysAgo > account.quietSince && random() < account.pace)
        messages.push(...dayOf(account, now - daysAgo * DAY_MS, random))
    messages.push(...onboarding(account, now))
  }
  messages.push(...heroSeats(now))
  return messages
    .sort((a, b) => a.at - b.at)
    .map((past, n) => ({ ...past, message: { ...past.message, messageId: `demo-${n}` } }))
}

type Properties = { [name: string]: Json }

const track = (
  contact: Pick<DemoContact, 'userId'>,
  at: number,
  [event, properties]: [string, Properties],
): PastMessage => ({
  at,
  message: { type: 'track', userId: contact.userId, event, properties },
})

function arrival(account: DemoAccount, now: number): PastMessage[] {
  const at = now - account.cameDaysAgo * DAY_MS
  const { groupId, name, domain, industry, plan, mrr, seats, renewsInDays } = account
  const renewal: PastMessage['message'] =
    renewsInDays === null ? {} : { renewal_date: day(now + renewsInDays * DAY_MS) }
  const traits = { name, website: `https://${domain}`, industry, plan, mrr, seats, ...renewal }
  return account.contacts.flatMap((contact, n): PastMessage[] => [
    {
      at: at + n * 60_000,
      message: {
        type: 'identify',
        userId: contact.userId,
        traits: {
          email: contact.email,
          name: contact.name,
          title: contact.title,
          signed_up_at: new Date(at).toISOString(),
        },
      },
    },
    {
      at: at + n * 60_000 + 1000,
      message: { type: 'group', userId: contact.userId, groupId, traits: n === 0 ? traits : {} },
    },
    track(contact, at + n * 60_000 + 2000, ['Logged In', { source: 'invite' }]),
  ])
}

function dayOf(account: DemoAccount, at: number, random: () => number): PastMessage[] {
  const contact = account.contacts[Math.floor(random() * account.contacts.length)] ?? account.contacts[0]
  if (contact === undefined) return []
  const time = at + Math.floor(random() * 8 * 3_600_000)
  const doing = DOINGS[Math.floor(random() * DOINGS.length)] ?? 'Report Created'
  const second =
    random() < 0.55 ? [track(contact, time + 600_000, [doing, { count: 1 + Math.floor(random() * 9) }])] : []
  // The person whose signal is to come has had their first time and no other.
  const full = random() < 0.03 && account.groupId !== HERO.groupId
  const seats = full ? [track(contact, time + 900_000, ['Seat Limit Reached', { seats: account.seats }])] : []
  return [track(contact, time, ['Logged In', { source: 'web' }]), ...second, ...seats]
}

/** Every other account's first person has finished the checklist a few days after coming. */
function onboarding(account: DemoAccount, now: number): PastMessage[] {
  const [first] = account.contacts
  const at = now - (account.cameDaysAgo - 4) * DAY_MS
  if (first === undefined || account.cameDaysAgo < 8 || Number(account.groupId.slice(-1)) % 2 === 0) return []
  return [track(first, at, ['Onboarding Completed', { steps: 6 }])]
}

/** Once two days ago: the second time comes by itself on the first start and sets the signal. */
const heroSeats = (now: number): PastMessage[] => [track(HERO, now - 2 * DAY_MS, ['Seat Limit Reached', { seats: 30 }])]

const day = (at: number): string => new Date(at).toISOString().slice(0, 10)
