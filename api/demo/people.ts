/** The demo's accounts and people: made up, and the same on every machine. */

export interface DemoContact {
  userId: string
  name: string
  firstName: string
  lastName: string
  email: string
  title: string
}

export interface DemoAccount {
  groupId: string
  name: string
  domain: string
  industry: string
  plan: 'trial' | 'starter' | 'team' | 'business' | 'enterprise'
  mrr: number
  seats: number
  /** Days from the demo's day to the end of the contract; null while trying. */
  renewsInDays: number | null
  /** Days ago on which they came. */
  cameDaysAgo: number
  /** How often somebody signs in on a day, on average. */
  pace: number
  /** Days ago on which they went quiet; 0: they have not. */
  quietSince: number
  contacts: DemoContact[]
}

/** Chance as an argument: mulberry32, the same numbers for the same seed everywhere. */
export function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const COMPANIES =
  'Northwind Logistics|Brightleaf Foods|Cobalt Robotics|Harbor & Finch|Juniper Health|Kestrel Analytics|Lumen Education|Maple Street Bank|Nimbus Travel|Oakline Furniture|Pioneer Solar|Quarry Software|Redwood Legal|Silverline Retail|Tidewater Marine|Umbra Studios|Vantage Insurance|Willow Care|Xenial Hotels|Yarrow Media|Zephyr Mobility|Alder Systems|Birchbox Labs|Copperfield Steel|Driftwood Games|Elmwood Clinics|Foxglove Beauty|Granite Works|Hollow Pine Energy|Ironbridge Civil|Jetty Payments|Kindred Telecom|Larkspur Events|Meridian Freight|Novara Biotech|Orchard Fresh|Palisade Security|Quill & Co|Riverbend Schools|Summit Outdoors'.split(
    '|',
  )
const INDUSTRIES = 'Logistics|Retail|Manufacturing|Technology|Banking|Education|Health care'.split('|')
const FIRST =
  'Maya|Liam|Aisha|Noah|Sofia|Kenji|Elena|Omar|Grace|Mateo|Priya|Lucas|Hanna|Diego|Chloe|Amir|Freya|Samuel|Ines|Viktor|Leila|Jonas|Amara|Peter|Yuki|Clara|Rahul|Nora|Tomas|Zoe'.split(
    '|',
  )
const LAST =
  'Chen|Okafor|Silva|Novak|Haddad|Tanaka|Murphy|Rossi|Kaur|Jensen|Dubois|Moreau|Kim|Santos|Fischer|Ivanova|Walsh|Mensah|Lindgren|Costa|Bauer|Nguyen|Adeyemi|Larsen|Petrov|Garcia|Sato|Weber|Ahmed|Olsen'.split(
    '|',
  )
const TITLES =
  'Head of Operations|Product Manager|Team Lead|IT Manager|Customer Success Lead|Finance Manager|Support Lead|Founder'.split(
    '|',
  )
const PLANS = [
  { plan: 'trial', mrr: 0, seats: 5 },
  { plan: 'starter', mrr: 49, seats: 5 },
  { plan: 'team', mrr: 240, seats: 15 },
  { plan: 'team', mrr: 480, seats: 30 },
  { plan: 'business', mrr: 960, seats: 60 },
  { plan: 'business', mrr: 1450, seats: 90 },
  { plan: 'enterprise', mrr: 3900, seats: 250 },
] as const

/** The person whose event sets the expansion signal on the first start, at the first company of the list. */
export const HERO = { userId: 'u-1001', groupId: 'acct-101' }

/** Forty accounts with three people each. */
export function demoAccounts(): DemoAccount[] {
  const random = chance(20_260_302)
  return COMPANIES.map((name, index) => {
    const hero = index === 0
    const { plan, mrr, seats } = (hero ? PLANS[3] : PLANS[Math.floor(random() * PLANS.length)]) ?? PLANS[0]
    const domain = `${name.toLowerCase().replaceAll(/[^a-z]+/g, '')}.example`
    const paying = plan !== 'trial'
    return {
      groupId: `acct-${101 + index}`,
      name,
      domain,
      industry: INDUSTRIES[index % INDUSTRIES.length] ?? 'Technology',
      plan,
      mrr,
      seats,
      renewsInDays: paying ? 15 + Math.floor(random() * 330) : null,
      cameDaysAgo: hero ? 58 : paying ? 20 + Math.floor(random() * 40) : 3 + Math.floor(random() * 10),
      pace: hero ? 0.8 : 0.25 + random() * 0.5,
      quietSince: paying && !hero && index % 9 === 4 ? 16 + Math.floor(random() * 4) : 0,
      contacts: [0, 1, 2].map((n) => contactOf(index * 3 + n, domain)),
    }
  })
}

function contactOf(number: number, domain: string): DemoContact {
  const firstName = FIRST[number % FIRST.length] ?? 'Maya'
  // Shifted by one each time round, so that no two people share a whole name.
  const lastName = LAST[(number + Math.floor(number / FIRST.length) * 7) % LAST.length] ?? 'Chen'
  return {
    userId: `u-${1001 + number}`,
    name: `${firstName} ${lastName}`,
    firstName,
    lastName,
    email: `${firstName}.${lastName}@${domain}`.toLowerCase(),
    title: TITLES[number % TITLES.length] ?? 'Team Lead',
  }
}
