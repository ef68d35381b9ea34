import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { addToCatalog, type CatalogEntry } from './add-to-catalog.ts'
import { definitionText, fixtureText, testText, type NodeNames } from './templates.ts'

export interface NewNode {
  root: string
  /** Definition, test, fixture; paths from the root. */
  files: Array<{ path: string; text: string }>
  catalog: { path: string; text: string }
}

export type Planned = { ok: true; node: NewNode } | { ok: false; problem: string }

/** What a new action would write. Reads only, so that nothing is half done when something stands in the way. */
export function planNewNode(root: string, type: string): Planned {
  const match = /^([a-z][a-z0-9]*)\.([a-z][a-zA-Z0-9]*)$/.exec(type)
  const [, app, action] = match ?? []
  if (app === undefined || action === undefined)
    return refuse(`“${type}” is no step type: write app.doSomething, as in intercom.closeConversation.`)
  if (app === 'trigger' || app === 'flow')
    return refuse(`“${type}” would be a ${app} step, which needs its meaning in engine/run too: write it by hand.`)
  if (!existsSync(join(root, 'nodes', app, 'connector.ts')))
    return refuse(`There is no nodes/${app}/connector.ts: write the connector of “${app}” first.`)
  const client = clientType(root, app)
  if (client === null)
    return refuse(
      `nodes/${app}/types.ts exports no interface whose name ends in Client: add it, actions are written against it.`,
    )

  const names: NodeNames = { type, app, action, client, file: kebab(action), connector: connectorLabel(root, app) }
  const files = [
    { path: `nodes/${app}/${names.file}.action.ts`, text: definitionText(names) },
    { path: `nodes/${app}/${names.file}.action.test.ts`, text: testText(names) },
    { path: `nodes/${app}/fixtures/${names.file}.json`, text: fixtureText() },
  ]
  const taken = files.find(({ path }) => existsSync(join(root, path)))
  if (taken !== undefined) return refuse(`${taken.path} exists already: choose another name, or change that step.`)

  const entry: CatalogEntry = { from: `./${app}/${names.file}.action.ts`, exported: action, app }
  const path = 'nodes/catalog.ts'
  const added = addToCatalog(readFileSync(join(root, path), 'utf8'), entry)
  return added.ok ? { ok: true, node: { root, files, catalog: { path, text: added.text } } } : refuse(added.problem)
}

export function writeNewNode(node: NewNode): void {
  for (const { path, text } of [...node.files, node.catalog]) {
    mkdirSync(dirname(join(node.root, path)), { recursive: true })
    writeFileSync(join(node.root, path), text)
  }
}

const refuse = (problem: string): Planned => ({ ok: false, problem })

/** `closeConversation` → `close-conversation` */
const kebab = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase()

function clientType(root: string, app: string): string | null {
  const path = join(root, 'nodes', app, 'types.ts')
  if (!existsSync(path)) return null
  return /export interface (\w+Client)\b/.exec(readFileSync(path, 'utf8'))?.[1] ?? null
}

/** The palette group: what the connector calls itself. */
function connectorLabel(root: string, app: string): string {
  const text = readFileSync(join(root, 'nodes', app, 'connector.ts'), 'utf8')
  return /^ {2}label: '([^']+)'/m.exec(text)?.[1] ?? app
}
