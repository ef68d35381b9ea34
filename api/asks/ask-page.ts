import type { FormField } from '../../nodes/inside.ts'
import type { Said } from './answer-ask.ts'
import type { StoredAsk } from './ask-store.ts'

const ENTITIES: { [char: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
/** As text, in an element or an attribute in double quotes. */
const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '')

export const unknownPage = (): string =>
  page('Not known', '<h1>This link leads nowhere</h1><p>It may be cut off. Ask whoever sent it to send it again.</p>')

/** Says nothing of what is asked: who has the link may not be who was asked. */
export const signInPage = (address: string): string =>
  page(
    'Sign in to answer',
    `<h1>You are asked something</h1><p>Sign in to read and answer it.</p><p><a class="button" href="${escape(address)}">Sign in</a></p>`,
  )

export const closedPage = (why: string): string =>
  page('Over', `<h1>There is nothing to answer any more</h1><p>${escape(why)}</p>`)

export const passedOnPage = ({ by, to, at }: { by: string; to: string; at: Date }): string =>
  page(
    'Passed on',
    `<h1>Somebody else was asked</h1><p>${escape(by)} passed this on to ${escape(to)} on ${at.toISOString().slice(0, 10)}.
This link answers nothing any more.</p>`,
  )

const ANSWERED = { approved: 'You approved it', rejected: 'You rejected it' }
export const answeredPage = (said: Said): string =>
  page(
    'Answered',
    `<h1>${said.kind === 'form' ? 'Your answer is in' : ANSWERED[said.port]}</h1><p>Thank you. You can close this page.</p>`,
  )

/** The Enter key in a field presses the first button of a form, which would be a yes that nobody meant. */
const NO_DEFAULT = '<button type="submit" disabled hidden></button>'

/** @param again what was sent and why it was not taken */
export function askPage(ask: StoredAsk, again?: { posted: URLSearchParams; wrong: string }): string {
  const sent = (name: string): string => escape(again?.posted.get(name) ?? '')
  const fields =
    ask.kind === 'form'
      ? ask.fields.map((field) => fieldOf(field, sent(`value.${field.name}`))).join('\n')
      : `<label>Comment <textarea name="comment" rows="3" maxlength="2000">${sent('comment')}</textarea></label>`
  const buttons =
    ask.kind === 'form'
      ? '<button type="submit">Send</button>'
      : `<button type="submit" name="decision" value="approved">Approve</button>
<details><summary class="button no">Reject…</summary><p>The first answer counts; it cannot be taken back.</p>
<button type="submit" name="decision" value="rejected">Reject it</button></details>`
  return page(
    ask.title,
    `<h1>${escape(ask.title)}</h1>
${ask.text === null ? '' : `<p class="text">${escape(ask.text)}</p>`}
${again === undefined ? '' : `<p role="alert" class="wrong">${escape(again.wrong)}</p>`}
<form method="post">${ask.kind === 'form' ? '' : NO_DEFAULT}${fields}
<label>Your name <input name="name" required maxlength="200" autocomplete="name" value="${sent('name')}"></label>
<div class="buttons">${buttons}</div></form>
<p class="small">Asked by the playbook “${escape(ask.name)}”. It waits until ${ask.expires_at.toISOString().slice(0, 16).replace('T', ' ')} UTC.</p>`,
  )
}

function fieldOf({ name, label, type, required, options }: FormField, sent: string): string {
  const must = required ? ' required' : ''
  const of = `name="value.${escape(name)}"${must}`
  const words = `${escape(label)}${required ? '' : ' (may be left empty)'}`
  const option = (value: string, shown: string): string =>
    `<option value="${escape(value)}"${escape(value) === sent ? ' selected' : ''}>${escape(shown)}</option>`
  switch (type) {
    case 'longText':
      return `<label>${words} <textarea ${of} rows="4" maxlength="10000">${sent}</textarea></label>`
    case 'yesNo':
      return `<label>${words} <select ${of}>${option('', '')}${option('yes', 'Yes')}${option('no', 'No')}</select></label>`
    case 'choice':
      return `<label>${words} <select ${of}>${option('', '')}${options.map((o) => option(o, o)).join('')}</select></label>`
    case 'number':
      return `<label>${words} <input ${of} inputmode="decimal" type="number" step="any" value="${sent}"></label>`
    case 'date':
      return `<label>${words} <input ${of} type="date" value="${sent}"></label>`
    case 'text':
      return `<label>${words} <input ${of} maxlength="500" value="${sent}"></label>`
  }
}

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>${escape(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:10vh auto;padding:0 1.5rem;color:#1c2024;overflow-wrap:anywhere}
h1{font-size:1.5rem}.text{white-space:pre-wrap}label{display:block;margin:1rem 0;font-weight:600}
input,textarea,select{display:block;box-sizing:border-box;width:100%;margin-top:.3rem;padding:.5rem;font:inherit;border:1px solid #8b8f97;border-radius:8px;background:transparent;color:inherit}
button,.button{font:inherit;display:inline-block;padding:.6rem 1.4rem;border:1px solid #2450b2;border-radius:8px;background:#2450b2;color:#fff;cursor:pointer;text-decoration:none}[hidden]{display:none}
.no{background:transparent;color:inherit;border-color:#8b8f97}.buttons{display:flex;gap:.8rem;align-items:start}summary{list-style:none}summary::-webkit-details-marker{display:none}.small{font-size:.875rem;opacity:.75}.wrong{color:#b3261e;font-weight:600}
:focus-visible{outline:3px solid #8fb0ff;outline-offset:2px}option{color:#1c2024}
@media (prefers-color-scheme:dark){body{background:#16181c;color:#eceef1}.wrong{color:#ffb4ab}}</style></head>
<body><main>${body}</main></body></html>`
