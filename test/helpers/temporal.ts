import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import proto from '@temporalio/proto'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { NativeConnection } from '@temporalio/worker'
import { inject } from 'vitest'
import { SEARCH_ATTRIBUTES } from '../../engine/temporal/search-attributes.ts'

/** Connections to the test run's Temporal development server. */
export type TestTemporal = {
  address: string
  namespace: string
  client: Client
  /** For workers. */
  nativeConnection: NativeConnection
  /** A task queue that no other test uses. */
  taskQueue: string
  close: () => Promise<void>
}

/**
 * Connects to the test run's development server, which all test files share: keep apart by the fresh task queue, and
 * by workflow ids that hold it. Shut workers down before `close`.
 */
export async function connectTemporal(): Promise<TestTemporal> {
  const address = inject('temporalAddress')
  const namespace = 'default'
  const connection = await Connection.connect({ address })
  const nativeConnection = await NativeConnection.connect({ address })
  return {
    address,
    namespace,
    client: new Client({ connection, namespace }),
    nativeConnection,
    taskQueue: `test-${randomUUID()}`,
    close: async () => {
      await nativeConnection.close()
      await connection.close()
    },
  }
}

/** The shell's view of a server whose time jumps; closing it leaves the environment to the test. */
export const onTimeSkipping = (environment: TestWorkflowEnvironment) => (): Promise<TestTemporal> =>
  Promise.resolve({
    address: environment.address,
    namespace: environment.namespace ?? 'default',
    client: environment.client,
    nativeConnection: environment.nativeConnection,
    taskQueue: `test-${randomUUID()}`,
    close: () => Promise.resolve(),
  })

/**
 * A server of its own whose time jumps to the next timer while a result is awaited. Its time is one for all workflows in
 * it: one environment per test file, tests one after another. End it with `teardown()`.
 */
export async function timeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: inject('testServerPath') } },
  })
  const { IndexedValueType } = proto.temporal.api.enums.v1
  const types = { Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD, Int: IndexedValueType.INDEXED_VALUE_TYPE_INT }
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, types[type]])),
  })
  return environment
}
