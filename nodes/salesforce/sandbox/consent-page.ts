/** The page on which a person allows an app to use the stand-in org. No script; every value is escaped. */
export function consentPage(more: {
  action: string
  client: string
  scopes: string[]
  hidden: { [name: string]: string }
}): string {
  const hidden = Object.entries(more.hidden)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('')
  const scopes = more.scopes.map((scope) => `<li>${escapeHtml(SCOPE_WORDS[scope] ?? scope)}</li>`).join('')
  return page(
    'Allow access?',
    `<p class="app"><strong>${escapeHtml(more.client)}</strong> is asking to:</p><ul>${scopes}</ul>
    <p class="who">Signed in as <strong>admin@sandbox.example</strong> of the Salesforce sandbox. Nothing here reaches a real org.</p>
    <form method="post" action="${escapeHtml(more.action)}">${hidden}
    <button class="allow" name="decision" value="allow" autofocus>Allow</button>
    <button name="decision" value="deny">Deny</button></form>`,
  )
}

/** Shown where a redirect would be unsafe: the address to return to is what is wrong. */
export const refusalPage = (error: string, description: string): string =>
  page('Sign-in refused', `<p class="app"><code>${escapeHtml(error)}</code>: ${escapeHtml(description)}</p>`)

const SCOPE_WORDS: { [scope: string]: string } = {
  api: 'Manage your data through the API',
  refresh_token: 'Act for you at any time, until you revoke it',
  offline_access: 'Act for you at any time, until you revoke it',
  id: 'Read your name and address',
  openid: 'Read your name and address',
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} · Salesforce sandbox</title><style>
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:16px/1.5 system-ui,sans-serif;background:light-dark(#eef4fb,#0b1526);color:light-dark(#16325c,#e6edf7)}
main{width:min(26rem,calc(100vw - 3rem));background:light-dark(#fff,#13233d);border-radius:.75rem;padding:2rem;box-shadow:0 8px 30px #0003}
.cloud{width:3.5rem;fill:#00a1e0}h1{font-size:1.35rem;margin:.5rem 0 1rem}ul{padding-left:1.2rem}
.who{font-size:.875rem;color:light-dark(#54698d,#a9bbd6)}form{display:flex;gap:.75rem;margin-top:1.5rem}
button{font:inherit;flex:1;padding:.6rem 1rem;border-radius:.4rem;border:1px solid light-dark(#747474,#8fa4c4);background:transparent;color:inherit;cursor:pointer}
button.allow{background:#0b5cab;border-color:#0b5cab;color:#fff}button:focus-visible{outline:3px solid #00a1e0;outline-offset:2px}
</style></head><body><main>
<svg class="cloud" viewBox="0 0 48 34" aria-hidden="true"><path d="M20 6a9 9 0 0 1 15 2 10 10 0 1 1 3 20 8 8 0 0 1-11 3 9 9 0 0 1-15-1A8 8 0 1 1 6 15 9 9 0 0 1 20 6z"/></svg>
<h1>${title}</h1>${body}</main></body></html>`
}
