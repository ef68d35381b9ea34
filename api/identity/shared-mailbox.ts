/** First parts of addresses behind which there are several people, or none, wherever they are. */
export const ALWAYS_SHARED = [
  'abuse',
  'accounting',
  'accounts',
  'admin',
  'administrator',
  'all',
  'billing',
  'careers',
  'contact',
  'customerservice',
  'do-not-reply',
  'donotreply',
  'enquiries',
  'feedback',
  'finance',
  'hello',
  'help',
  'helpdesk',
  'hi',
  'hostmaster',
  'hr',
  'info',
  'inquiries',
  'invoices',
  'it',
  'jobs',
  'legal',
  'mail',
  'mailer-daemon',
  'marketing',
  'media',
  'news',
  'newsletter',
  'no-reply',
  'noreply',
  'office',
  'operations',
  'orders',
  'postmaster',
  'press',
  'privacy',
  'purchasing',
  'reception',
  'root',
  'sales',
  'security',
  'service',
  'services',
  'staff',
  'support',
  'team',
  'webmaster',
] as const

const ALWAYS: ReadonlySet<string> = new Set(ALWAYS_SHARED)

/**
 * An e-mail address as an identity, in small letters; null for what is no address (“n/a”, “none”): many would share it.
 */
export function emailIdentity(text: string): string | null {
  const email = text.trim().toLowerCase()
  return email.length <= 320 && /^[^\s@]+@[^\s@]+$/.test(email) ? email : null
}

/**
 * Whether several people may be behind an address, so that it says nothing of who somebody is.
 * @param email as `emailIdentity` gives it
 * @param own of the workspace, in small letters: `team@example.com` or `info@` for every domain
 */
export function isSharedMailbox(email: string, own: ReadonlySet<string>): boolean {
  const at = email.lastIndexOf('@')
  const local = email.slice(0, at)
  // support+billing@ is delivered to support@.
  const plain = local.split('+')[0] ?? local
  return ALWAYS.has(plain) || [plain, local].some((part) => own.has(`${part}@`) || own.has(`${part}${email.slice(at)}`))
}
