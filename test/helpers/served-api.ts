import { join } from 'node:path'
import { freePort } from '../../bin/embedded/free-port.ts'
import { addPerson } from '../../api/auth/people.ts'
import { buildServer } from '../../api/server.ts'
import type { Served } from './app-driver.ts'
import { PASSWORD, startTestApi, type TestApi, type TestWorkspace } from './api.ts'

/** The API with the built app on a port, for pages that need no worker and no Temporal. */
export interface ServedApi extends Served {
  api: TestApi
  workspace: TestWorkspace
  close(): Promise<void>
}

export async function serveApi(): Promise<ServedApi> {
  const port = await freePort()
  const api = await startTestApi({ publicUrl: `http://localhost:${port}` })
  const server = await buildServer({ ...api.deps, editorDir: join(import.meta.dirname, '../../dist/editor') })
  await server.listen({ port, host: '127.0.0.1' })
  const workspace = await api.workspace('served')
  const adminEmail = 'owner@signalbox.test'
  const person = {
    workspaceId: workspace.id,
    email: adminEmail,
    name: 'Owner',
    password: PASSWORD,
    role: 'owner' as const,
  }
  await addPerson(api.database.db, api.clock.now, person)
  return {
    api,
    workspace,
    baseUrl: `http://127.0.0.1:${port}`,
    adminEmail,
    adminPassword: PASSWORD,
    close: async () => {
      await server.close()
      await api.close()
    },
  }
}
