import { planNewNode, writeNewNode } from './new-node/new-node.ts'

/** `npm run new:node intercom.closeConversation` */

const [type, ...rest] = process.argv.slice(2)
if (type === undefined || rest.length > 0) {
  console.error('Name one new action, as in: npm run new:node intercom.closeConversation')
  process.exitCode = 1
} else {
  const planned = planNewNode(process.cwd(), type)
  if (planned.ok) {
    writeNewNode(planned.node)
    const [definition, test] = planned.node.files
    for (const file of planned.node.files) console.log(`wrote: ${file.path}`)
    console.log('added: its lines in nodes/catalog.ts')
    console.log(`\nNext: write the fields and run() in ${definition?.path}, then`)
    console.log(`  npx vitest run ${test?.path}`)
    console.log('  npm run gen')
  } else {
    console.error(planned.problem)
    process.exitCode = 1
  }
}
