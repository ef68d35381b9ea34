import type { AlertsTable } from '../db/error-tables.ts'

/** Ways on which word of an alert is sent: posted to an address, or mailed through a connection. */
export const WAYS = ['webhook', 'mail'] as const
export type Way = (typeof WAYS)[number]

export type AlertKind = AlertsTable['kind']

/** What is known of an alert beside its kind: the name of what it is about, and how bad it is. */
export interface AlertDetail {
  name: string
  /** Of a playbook or connection, as in addresses. */
  slug: string
  failed?: number
  ended?: number
  reviews?: number
  /** Of a connection: why. */
  message?: string
}

/** One line that says what is wrong, or that it is well again. */
export function alertTitle(kind: AlertKind, detail: AlertDetail, recovered: boolean): string {
  const { name, failed = 0, ended = 0, reviews = 0 } = detail
  switch (kind) {
    case 'playbook-failing':
      return recovered
        ? `Runs of “${name}” work again`
        : `Runs of “${name}” fail: ${failed} of the last ${ended} that ended`
    case 'playbook-reviews':
      if (recovered) return `Nothing of “${name}” is left to review`
      return reviews === 1 ? `A write of “${name}” needs a review` : `${reviews} writes of “${name}” need a review`
    case 'connection-paused':
      return recovered ? `The connection “${name}” works again` : `The connection “${name}” is paused`
  }
}

/** Where a person looks. */
export function alertLink(kind: AlertKind, { slug }: AlertDetail): string {
  switch (kind) {
    case 'playbook-failing':
      return `/runs?playbook=${encodeURIComponent(slug)}&status=failed`
    case 'playbook-reviews':
      return '/reviews'
    case 'connection-paused':
      return '/connections'
  }
}
