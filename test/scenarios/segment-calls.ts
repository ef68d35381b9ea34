import type { Call, Traits } from '../helpers/store-model.ts'
import { seeded } from '../helpers/random.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const CALLS_PER_PERSON = 25
const PERSONS_PER_ACCOUNT = 5
const PLANS = ['free', 'team', 'business']

/**
 * Calls of people who come anonymous, on two devices, get a name, belong to one or two accounts, and whose calls are
 * partly late and partly sent twice. Whatever the order in which they arrive, one store comes of them.
 * @param now milliseconds since 1970
 */
export function segmentCalls(options: { calls: number; seed: number; now: number }): Call[] {
  const random = seeded(options.seed)
  const persons = Math.max(1, Math.floor(options.calls / CALLS_PER_PERSON))
  const accounts = Math.max(2, Math.floor(persons / PERSONS_PER_ACCOUNT))
  const calls: Call[] = []
  // A minute apart each, so that no correction of a clock changes which of two is the later.
  let written = 0
  const time = (): number => options.now - DAY * 60 + MINUTE * written++
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  const at = (): number => options.now - Math.floor(random() * 50 * DAY)
  const kinds = createKinds({ random, pick, at })
  for (let i = 0; calls.length < options.calls; i++) {
    const person = { n: i % persons, user: `u${i % persons}`, devices: [`web-${i % persons}`, `app-${i % persons}`] }
    const own = [`acct-${person.n % accounts}`, ...(person.n % 7 === 0 ? [`acct-${(person.n + 1) % accounts}`] : [])]
    const id = `m${i}`
    const round = Math.floor(i / persons)
    if (round === 0) calls.push(kinds.anonymous(id, person.devices[0] ?? ''))
    else if (round === 1) calls.push(kinds.identify(id, { person, time: time(), first: true }))
    else if (round === 2) calls.push(kinds.group(id, { person, groupId: own[0] ?? '', time: time() }))
    else if (round === 3) calls.push(kinds.anonymous(id, person.devices[1] ?? ''))
    else if (round === 4)
      calls.push({ kind: 'alias', messageId: id, userId: person.user, previousId: person.devices[1] ?? '', at: at() })
    else if (round === 5) calls.push(kinds.group(id, { person, groupId: own.at(-1) ?? '', time: time() }))
    else calls.push(kinds.any(id, { person, own, time }))
  }
  return shuffledALittle(calls, random)
}

interface Person {
  n: number
  user: string
  devices: string[]
}

function createKinds(chance: { random: () => number; pick: <T>(of: readonly T[]) => T; at: () => number }) {
  const { random, pick, at } = chance
  const traits = (person: Person, first: boolean): Traits => ({
    ...(first ? { email: `${person.user}@example.com`, name: `Person ${person.n}` } : {}),
    ...(first || random() < 0.6 ? { plan: pick(PLANS) } : {}),
    ...(random() < 0.5 ? { seats: Math.floor(random() * 5) } : {}),
    ...(random() < 0.2 ? { active: random() < 0.5 } : {}),
  })
  const kinds = {
    anonymous: (messageId: string, device: string): Call =>
      random() < 0.5
        ? { kind: 'page', messageId, anonymousId: device, name: pick(['Pricing', 'Home']), properties: {}, at: at() }
        : { kind: 'track', messageId, anonymousId: device, event: 'Looked Around', properties: {}, at: at() },
    identify: (messageId: string, of: { person: Person; time: number; first: boolean }): Call => ({
      kind: 'identify',
      messageId,
      userId: of.person.user,
      ...(of.first ? { anonymousId: of.person.devices[0] ?? '' } : {}),
      traits: traits(of.person, of.first),
      at: of.time,
    }),
    group: (messageId: string, of: { person: Person; groupId: string; time: number }): Call => ({
      kind: 'group',
      messageId,
      userId: of.person.user,
      groupId: of.groupId,
      traits: { name: `Account ${of.groupId}`, mrr: Math.floor(random() * 6) * 100, tier: pick(PLANS) },
      at: of.time,
    }),
    track: (messageId: string, person: Person, own: string[]): Call => ({
      kind: 'track',
      messageId,
      ...(random() < 0.2 ? { anonymousId: pick(person.devices) } : { userId: person.user }),
      event: pick(['Signed In', 'Report Shared', 'Seat Added', 'Invoice Paid']),
      properties: { amount: Math.floor(random() * 1000) },
      at: at(),
      ...(random() < 0.5 ? { inGroup: pick(own) } : {}),
    }),
    refused: (messageId: string, person: Person): Call =>
      random() < 0.5
        ? {
            kind: 'track',
            messageId,
            userId: person.user,
            event: 'x'.repeat(201),
            properties: {},
            at: at(),
            refused: 'MESSAGE_INVALID',
          }
        : {
            kind: 'track',
            messageId,
            userId: person.user,
            event: 'From Tomorrow',
            properties: {},
            at: Date.now() + 3 * DAY,
            refused: 'TIMESTAMP_INVALID',
          },
    any(messageId: string, of: { person: Person; own: string[]; time: () => number }): Call {
      const { person, own } = of
      const which = random()
      if (which < 0.2) return kinds.identify(messageId, { person, time: of.time(), first: false })
      if (which < 0.27) return kinds.group(messageId, { person, groupId: pick(own), time: of.time() })
      if (which < 0.29) return kinds.refused(messageId, person)
      if (which < 0.35)
        return { kind: 'screen', messageId, userId: person.user, name: 'Inbox', properties: {}, at: at() }
      if (which < 0.42) return { kind: 'page', messageId, userId: person.user, name: 'Docs', properties: {}, at: at() }
      return kinds.track(messageId, person, own)
    },
  }
  return kinds
}

/** Out of order by up to some hundred places, as retries make it; and one in twenty comes a second time, later. */
function shuffledALittle(calls: Call[], random: () => number): Call[] {
  const placed = calls.map((call, i) => ({ call, place: i + random() * 300 }))
  for (const [i, call] of calls.entries()) if (random() < 0.05) placed.push({ call, place: i + random() * 3_000 })
  return placed.sort((a, b) => a.place - b.place).map(({ call }) => call)
}
