import type { FastifyInstance } from 'fastify'
import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { regionOf } from './settings.ts'
import { WORKSPACE_ID } from './values.ts'
import { resourceNotFound } from './vendor-error.ts'

const ADMIN_ID = '1'

export const completeAdmin = ({ store }: Sandbox, given: RecordBody): RecordBody => ({
  type: 'admin',
  id: String(given.id ?? store.next('admin')),
  name: null,
  email: null,
  job_title: null,
  away_mode_enabled: false,
  away_mode_reassign: false,
  has_inbox_seat: true,
  team_ids: [],
  ...given,
})

/** The workspace's first teammate, who also owns every token. */
export function seedAdmin(sandbox: Sandbox): void {
  const admin = { name: 'Sandbox Admin', email: 'admin@sandbox.example', id: ADMIN_ID }
  sandbox.store.put('admins', { id: ADMIN_ID, body: completeAdmin(sandbox, admin) })
}

export function workspaceRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  const { store } = sandbox
  scope.get('/me', () => ({
    ...store.get('admins', ADMIN_ID),
    email_verified: true,
    avatar: { type: 'avatar', image_url: null },
    app: {
      type: 'app',
      id_code: WORKSPACE_ID,
      name: 'Sandbox workspace',
      region: regionOf(sandbox),
      timezone: 'UTC',
      created_at: 1_700_000_000,
      secure: false,
      identity_verification: false,
    },
  }))
  scope.get('/admins', () => ({ type: 'admin.list', admins: store.list('admins').map((record) => record.body) }))
  scope.get<{ Params: { id: string } }>('/admins/:id', ({ params }) => {
    const admin = store.get('admins', params.id)
    if (!admin) throw resourceNotFound()
    return admin
  })
  scope.get('/teams', () => ({ type: 'team.list', teams: [] }))
  scope.get('/segments', () => ({ type: 'segment.list', segments: [] }))
  scope.get('/subscription_types', () => ({ type: 'list', data: [] }))
}
