import { createHmac, timingSafeEqual } from 'node:crypto'
import type { WorkspaceKeyReader } from './workspace-keys.ts'

/** Who a link is for. */
export interface Unsubscriber {
  workspaceId: string
  contactId: string
}

const ID = 16
const MAC = 16
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A link's last part: workspace, contact and a signature over both, so that it can be neither guessed nor changed. */
export async function unsubscribeToken(keys: WorkspaceKeyReader, who: Unsubscriber): Promise<string> {
  const named = Buffer.concat([bytesOf(who.workspaceId), bytesOf(who.contactId)])
  return Buffer.concat([named, await signature(keys, who.workspaceId, named)]).toString('base64url')
}

/** @returns null for whatever we did not sign ourselves */
export async function readUnsubscribeToken(
  keys: WorkspaceKeyReader,
  token: string,
  isWorkspace: (id: string) => Promise<boolean>,
): Promise<Unsubscriber | null> {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== ID + ID + MAC || bytes.toString('base64url') !== token) return null
  const named = bytes.subarray(0, ID + ID)
  const who = { workspaceId: uuidOf(named.subarray(0, ID)), contactId: uuidOf(named.subarray(ID)) }
  // Before the key is asked for, which would make one.
  if (!(await isWorkspace(who.workspaceId))) return null
  return timingSafeEqual(bytes.subarray(ID + ID), await signature(keys, who.workspaceId, named)) ? who : null
}

async function signature(keys: WorkspaceKeyReader, workspaceId: string, named: Buffer): Promise<Buffer> {
  const { links } = await keys.of(workspaceId)
  return createHmac('sha256', links).update('unsubscribe').update(named).digest().subarray(0, MAC)
}

function bytesOf(id: string): Buffer {
  if (!UUID.test(id)) throw new Error(`${id} is not an id of ours.`)
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}

const uuidOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
