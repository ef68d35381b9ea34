import type { Json } from '../../manifest.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { badParameter, clientError } from './vendor-error.ts'

const MOST = 150

export interface CursorPage {
  perPage: number
  offset: number
}

/** Reads `per_page` and `starting_after`. @throws VendorError 400 */
export function cursorPage(source: { per_page?: unknown; starting_after?: unknown }, standard = 50): CursorPage {
  const perPage = source.per_page === undefined ? standard : Number(source.per_page)
  if (!Number.isInteger(perPage) || perPage < 1 || perPage > MOST)
    throw badParameter(`per_page must be between 1 and ${MOST}`)
  const after = source.starting_after
  if (after === undefined || after === null) return { perPage, offset: 0 }
  const decoded = Buffer.from(String(after), 'base64url').toString()
  if (!/^\d{1,15}$/.test(decoded)) throw clientError('starting_after is not a valid cursor')
  return { perPage, offset: Number(decoded) }
}

/** Intercom's `pages` object; `next` is absent on the last page. */
export function pagesOf({ perPage, offset }: CursorPage, total: number): RecordBody {
  const pages: { [name: string]: Json } = {
    type: 'pages',
    page: Math.floor(offset / perPage) + 1,
    per_page: perPage,
    total_pages: Math.max(1, Math.ceil(total / perPage)),
  }
  if (offset + perPage < total)
    pages.next = { per_page: perPage, starting_after: Buffer.from(String(offset + perPage)).toString('base64url') }
  return pages
}

/** Companies and notes page by number, with URLs. */
export function numberedPage(query: { page?: unknown; per_page?: unknown }, standard = 15) {
  const page = query.page === undefined ? 1 : Number(query.page)
  const perPage = query.per_page === undefined ? standard : Number(query.per_page)
  if (!Number.isInteger(page) || page < 1) throw badParameter('page must be 1 or more')
  if (!Number.isInteger(perPage) || perPage < 1 || perPage > MOST)
    throw badParameter(`per_page must be between 1 and ${MOST}`)
  return {
    slice: <T>(all: T[]): T[] => all.slice((page - 1) * perPage, page * perPage),
    pages: (url: string, total: number): RecordBody => ({
      type: 'pages',
      page,
      per_page: perPage,
      total_pages: Math.max(1, Math.ceil(total / perPage)),
      next: page * perPage < total ? `${url}?page=${page + 1}&per_page=${perPage}` : null,
    }),
  }
}
