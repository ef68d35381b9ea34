import type { Blobs } from '../../engine/ports.ts'
import type { Queryable, Statement } from './sql.ts'

/** Plans and large values by content address. A hash names one tenant's plan: it is made with the workspace's id. */
export function createBlobs(q: Queryable): Blobs {
  return {
    async get(hash) {
      const [row] = await q.rows<{ bytes: Buffer }>(hash.startsWith('plan_') ? PLAN : BLOB, [hash])
      if (row === undefined) throw new Error(`There is no stored value ${hash}.`)
      return row.bytes
    },
    async put(hash, bytes, runId) {
      await q.rows(PUT, [hash, Buffer.from(bytes), runId])
    },
  }
}

const PLAN: Statement = {
  name: 'plan-get',
  text: `SELECT convert_to(plan::text, 'UTF8') AS bytes FROM plans WHERE hash = $1`,
}
const BLOB: Statement = { name: 'blob-get', text: 'SELECT bytes FROM blobs WHERE hash = $1' }
const PUT: Statement = {
  name: 'blob-put',
  text: 'INSERT INTO blobs (hash, bytes, run_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
}
