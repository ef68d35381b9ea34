#!/usr/bin/env node
// `npx signalbox …`: runs the command line in a Node that is new enough, which need not be the one that started this.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findNode } from '../scripts/packages.mjs'
import { explain, UserError } from '../scripts/progress.mjs'

try {
  const node = await findNode(fileURLToPath(new URL('..', import.meta.url)))
  const cli = fileURLToPath(new URL('cli.ts', import.meta.url))
  const args = ['--disable-warning=ExperimentalWarning', cli, ...process.argv.slice(2)]
  const child = spawn(node, args, { stdio: 'inherit' })
  // The terminal sends Ctrl-C to both; the command decides what it means, and its exit code is ours.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code) => process.exit(code ?? 1))
} catch (error) {
  if (!(error instanceof UserError)) throw error
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}
