/**
 * Opens a session; the cookie is the server's.
 * @returns null when signed in, else what to tell the person
 */
export async function signIn(email: string, password: string): Promise<string | null> {
  const response = await post('/auth/sign-in/email', { email, password })
  if (response === null) return 'Signalbox does not answer. Check that it is running, then try again.'
  if (response.ok) return null
  const body: unknown = await response.json().catch(() => null)
  return messageOf(body) ?? fallback(response.status)
}

export async function signOut(): Promise<void> {
  const response = await post('/auth/sign-out', {})
  if (response === null || !response.ok)
    throw new Error('You are still signed in: Signalbox did not answer. Try again in a moment.')
}

const post = (path: string, body: unknown): Promise<Response | null> =>
  fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    credentials: 'same-origin',
    // A refused connection rejects; that is an answer too, told by the caller.
  }).catch(() => null)

function messageOf(body: unknown): string | null {
  if (body === null || typeof body !== 'object') return null
  if ('detail' in body && typeof body.detail === 'string') return body.detail
  return 'message' in body && typeof body.message === 'string' ? `${body.message}.`.replace('..', '.') : null
}

function fallback(status: number): string {
  if (status === 401) return 'E-mail or password is wrong. Check both and try again.'
  if (status === 429) return 'Too many attempts. Wait a minute, then try again.'
  return `Signing in failed (${status}). Try again; if it stays, look in the log of the API process.`
}
