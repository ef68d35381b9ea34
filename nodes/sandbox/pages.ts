/** Pages the stand-ins show to people: plain HTML with no script, so that any browser and any test can use them. */

export interface Brand {
  vendor: string
  /** A CSS color that white text can be read on. */
  color: string
  account: string
}

export interface Consent {
  /** Where Allow and Deny are posted; the pressed one arrives as `decision`: `allow` or `deny`. */
  action: string
  client: string
  /** What the app asks for, in words. */
  asked: string[]
  hidden: { [name: string]: string }
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** The page that asks a person whether an app may use their account. */
export function consentPage(brand: Brand, { action, client, asked, hidden }: Consent): string {
  const inputs = Object.entries(hidden)
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('')
  return shell(
    brand,
    'Connect to Signalbox',
    `<h1>Signalbox wants to use your ${escaped(brand.vendor)} account</h1>
<p class="muted">${escaped(brand.account)} · app <code>${escaped(client)}</code></p>
<p>It will be able to</p><ul>${asked.map((what) => `<li>${escaped(what)}</li>`).join('')}</ul>
<form method="post" action="${escaped(action)}">${inputs}
<button name="decision" value="deny">Deny</button>
<button name="decision" value="allow" class="primary" autofocus>Allow</button></form>`,
  )
}

/** A page that only says something. */
export const messagePage = (brand: Brand, { title, text }: { title: string; text: string }): string =>
  shell(brand, title, `<h1>${escaped(title)}</h1><p>${escaped(text)}</p>`)

function shell(brand: Brand, title: string, content: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)} · ${escaped(brand.vendor)} sandbox</title><style>
:root{color-scheme:light dark;--brand:${brand.color};--ink:#1b1f27;--soft:#667085;--page:#f3f5f8;--card:#fff;--line:#e2e6ec}
@media(prefers-color-scheme:dark){:root{--ink:#e9ecf1;--soft:#98a2b3;--page:#0f1218;--card:#181c24;--line:#2a303b}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--page);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;padding:24px}
main{width:100%;max-width:460px;background:var(--card);border:1px solid var(--line);border-radius:16px;overflow:hidden;
box-shadow:0 12px 40px #0000001a}
header{background:var(--brand);color:#fff;padding:16px 28px;font-weight:600;display:flex;justify-content:space-between;align-items:center}
header span{font-size:12px;font-weight:500;background:#ffffff2e;border-radius:99px;padding:3px 10px}
section{padding:28px}h1{font-size:21px;line-height:1.3;margin:0 0 8px}.muted{color:var(--soft);margin:0 0 20px;font-size:14px}
ul{padding-left:20px;margin:8px 0 28px}li{margin:4px 0}form{display:flex;gap:12px;justify-content:flex-end}
button{font:inherit;font-weight:600;border:1px solid var(--line);background:transparent;color:inherit;border-radius:10px;padding:10px 22px;cursor:pointer}
button.primary{background:var(--brand);border-color:var(--brand);color:#fff}
button:focus-visible{outline:3px solid color-mix(in srgb,var(--brand) 45%,transparent);outline-offset:2px}
code{font-size:13px}</style></head><body><main><header>${escaped(brand.vendor)}<span>sandbox</span></header>
<section>${content}</section></main></body></html>`
}
