import { parseArgs } from 'node:util'
import { type CliOptions, OPTIONS } from './cli/options.ts'
import { isUserError, UserError } from './supervise/user-error.ts'

const HELP = `signalbox: work with playbooks from the command line

Over the API (SIGNALBOX_URL, default http://localhost:4000; SIGNALBOX_API_KEY):
  signalbox pull [slug …] [--dir playbooks]     writes the drafts as files
  signalbox push <file …>                       saves files as drafts and prints their problems
  signalbox publish <slug …>                    freezes drafts as versions
  signalbox test [slug …]                       runs the tests of drafts, of all playbooks by default; fails when one does
  signalbox run <slug> --contact <id> | --account <id> [--data '{"a":1}'] [--key <idempotency key>]
  signalbox runs [--playbook <slug>] [--status <status>] [--subject <id>]

On the installation itself (SIGNALBOX_DATABASE_URL, or the data folder of npm start):
  signalbox reset-password <e-mail>             sets a new password and prints it
  signalbox backup <file>                       everything in the database, and its sandboxes, in one file
  signalbox restore <file> [--force]            puts a backup into an empty database (stop Signalbox first)
  signalbox reseal                              seals all credentials with the first key of SIGNALBOX_SECRET
`

type Command = (names: string[], options: CliOptions) => Promise<void>

// Loaded when asked for: a command over the API needs no database library.
const playbooks = () => import('./cli/playbooks.ts')
const installation = () => import('./cli/installation.ts')
const COMMANDS: Record<string, () => Promise<Command>> = {
  pull: async () => (await playbooks()).pull,
  push: async () => (await playbooks()).push,
  publish: async () => (await playbooks()).publish,
  test: async () => (await import('./cli/test.ts')).test,
  run: async () => (await playbooks()).run,
  runs: async () => (await playbooks()).runs,
  'reset-password': async () => (await installation()).resetPasswordOf,
  backup: async () => (await installation()).backup,
  restore: async () => (await installation()).restore,
  reseal: async () => (await installation()).reseal,
}

/** Errors whose message says all that a person needs; any other is a defect and keeps its stack. */
const FOR_PEOPLE = new Set(['ApiRefused', 'RestoreRefused', 'ProblemError', 'VaultError'])

async function main(): Promise<void> {
  const { values, positionals } = readArguments()
  const [name, ...rest] = positionals
  if (name === undefined || values.help === true || name === 'help') {
    console.log(HELP)
    return
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined)
    throw new UserError(`There is no command "${name}". Run "signalbox help" for those there are.`)
  await (await command())(rest, values)
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UserError(`${error instanceof Error ? error.message : String(error)} Run "signalbox help".`)
  }
}

main().catch((error: unknown) => {
  const forPeople = isUserError(error) || (error instanceof Error && FOR_PEOPLE.has(error.name))
  console.error(forPeople && error instanceof Error ? error.message : error)
  process.exitCode = 1
})
