export interface NodeNames {
  /** `intercom.closeConversation` */
  type: string
  /** `intercom` */
  app: string
  /** `closeConversation`, the export */
  action: string
  /** `IntercomClient` */
  client: string
  /** `close-conversation` */
  file: string
  /** `Intercom` */
  connector: string
}

/** `closeConversation` → `Close conversation` */
const words = (action: string): string => {
  const text = action.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/**
 * A definition that loads and is listed, and whose `run` refuses until it is written. `review` stands there because it
 * is the one mode that is safe for an action nobody has thought about yet.
 */
export const definitionText = (names: NodeNames): string => `import { z } from 'zod'
import { defineAction } from '../define.ts'
import { FaultError } from '../fault.ts'
import { fields } from '../fields.ts'
import sample from './fixtures/${names.file}.json' with { type: 'json' }
import type { ${names.client} } from './types.ts'

const input = z.strictObject({
  contact: fields.contact(),
})

const output = z.object({ id: z.string() })

export const ${names.action} = defineAction<typeof input, typeof output, ${names.client}>({
  type: '${names.type}',
  version: 1,
  label: '${words(names.action)}',
  help: 'Says in one sentence what the step does.',
  group: '${names.connector}',
  icon: '${names.app}',
  summary: '${words(names.action)} {contact}',
  connector: '${names.app}',
  input,
  output,
  sample,
  repeat: {
    mode: 'review',
    why: 'Not decided yet. Say here which of natural, keyed, readBack or review it is, and by which fact of the vendor.',
  },
  run: ({ key }) =>
    Promise.reject(
      new FaultError({
        code: 'INTERNAL',
        who: 'signalbox',
        message: \`${names.type} is not written yet (asked to act for \${key}).\`,
        fix: 'Write run() in nodes/${names.app}/${names.file}.action.ts.',
      }),
    ),
})
`

/** Red until `run` is written: a new step is not done because its file exists. */
export const testText = (names: NodeNames): string => `import { describe, expect, it } from 'vitest'
import { actionContext, clientEnvironment, openedConnection } from '../../test/helpers/step-context.ts'
import { ${names.action} } from './${names.file}.action.ts'
import { ${names.app}Connector } from './connector.ts'
import sample from './fixtures/${names.file}.json' with { type: 'json' }

describe('${names.type}', () => {
  it('leaves behind what its fixture shows', async () => {
    // Start the sandbox here and give its address and token to the connection.
    const connection = openedConnection('${names.app}', { credentials: {}, settings: {} })
    const client = await ${names.app}Connector.client(connection, clientEnvironment())
    const input = ${names.action}.input.parse({ contact: 'c-1' })
    const { output } = await ${names.action}.run(actionContext({ input, client }))
    expect(output).toEqual(sample)
  })
})
`

export const fixtureText = (): string => `${JSON.stringify({ id: 'example-1' }, null, 2)}\n`
