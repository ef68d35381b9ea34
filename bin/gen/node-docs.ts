import type {
  ConnectorManifest,
  FieldManifest,
  Json,
  JsonSchema,
  Manifest,
  StepManifest,
} from '../../nodes/manifest.ts'

const REPEATS = {
  natural: 'Natural: sending it again changes nothing.',
  keyed: 'Keyed: the other system knows a repeat by the key.',
  readBack: 'Read back: before a repeat we look whether the first one landed.',
  review: 'Review: when an answer is lost, a person decides whether to do it again.',
} as const

/** The reference pages of all steps: file name below `docs/nodes` → Markdown. */
export function nodeDocs(manifest: Manifest): Map<string, string> {
  const types = [...new Set(manifest.steps.map((step) => step.type))]
  const pages = new Map<string, string>([['README.md', indexPage(manifest)]])
  for (const type of types) {
    const versions = manifest.steps.filter((step) => step.type === type).sort((a, b) => b.version - a.version)
    const connector = manifest.connectors.find(({ app }) => app === versions[0]?.connector)
    pages.set(`${type}.md`, `${NOTE}${versions.map((step) => stepPage(step, connector)).join('\n')}`)
  }
  return pages
}

const NOTE = '<!-- Written by `npm run gen` from the definition; edit that instead. -->\n\n'

function indexPage(manifest: Manifest): string {
  const groups = [...new Set(manifest.steps.map((step) => step.group))]
  const list = groups.map((group) => {
    const steps = manifest.steps.filter((step) => step.group === group)
    const rows = steps.map((step) => `| [${step.type}](${step.type}.md) | ${cell(step.label)} | ${cell(step.help)} |`)
    return `## ${group}\n\n| type | label | what it does |\n|---|---|---|\n${rows.join('\n')}\n`
  })
  return `${NOTE}# Steps\n\n${list.join('\n')}`
}

function stepPage(step: StepManifest, connector: ConnectorManifest | undefined): string {
  const facts = [
    `- Type: \`${step.type}@${step.version}\` (${step.kind})`,
    ...(step.subjects === null ? [] : [`- Starts runs for: ${step.subjects.join(', ')}`]),
    ...(connector === undefined ? [] : [`- Connection: ${connector.label}`]),
    `- Ports: ${portWords(step)}`,
    ...(step.repeat === null ? [] : [`- Repeat: ${REPEATS[step.repeat.mode]} ${step.repeat.why}`]),
  ]
  const left =
    step.kind === 'trigger' ? 'Later steps read it under `trigger.`' : `Later steps read it under \`steps.<id>.\``
  const output = Object.keys(properties(step.output)).length === 0 ? '' : outputPart(step, left)
  return `# ${step.label}\n\n${step.help}\n\n${facts.join('\n')}\n\n## Input\n\n${inputPart(step.fields)}${output}`
}

function portWords(step: StepManifest): string {
  if ('each' in step.ports) {
    const { each, plus } = step.ports
    return [
      `one for each of \`${each.field}\`, named by its \`${each.key}\``,
      ...plus.map((name) => `\`${name}\``),
    ].join(', ')
  }
  return step.ports.fixed.length === 0
    ? 'none: the run ends here'
    : step.ports.fixed.map((name) => `\`${name}\``).join(', ')
}

function inputPart(fields: FieldManifest[]): string {
  if (fields.length === 0) return 'Nothing to fill in.\n'
  const rows = fields.map((field) => {
    const marks = [typeWords(field.schema), ...(field.template ? ['may hold `{{ }}`'] : [])].join(', ')
    return `| \`${field.name}\` | ${cell(field.label)} | ${needWords(field)} | ${cell(marks)} | ${cell(field.help ?? '')} |`
  })
  return `| field | label | needed | value | meaning |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
}

function needWords(field: FieldManifest): string {
  if (field.when !== undefined)
    return `${field.when.required ? 'yes' : 'no'}; only while \`${field.when.field}\` is ${field.when.is.join(' or ')}`
  if (field.required) return 'yes'
  return field.default === undefined ? 'no' : `no; \`${JSON.stringify(field.default)}\``
}

function outputPart(step: StepManifest, left: string): string {
  const rows = Object.entries(properties(step.output)).map(
    ([name, schema]) => `| \`${name}\` | ${cell(typeWords(schema))} |`,
  )
  const sample = JSON.stringify(step.sample, null, 2)
  return `\n## Output\n\n${left}\n\n| name | value |\n|---|---|\n${rows.join('\n')}\n\n\`\`\`json\n${sample}\n\`\`\`\n`
}

/** A JSON Schema in a few words: its type, its choices or its format. */
function typeWords(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) return schema.enum.map((choice) => `\`${JSON.stringify(choice)}\``).join(' or ')
  const alternatives = schema.anyOf ?? schema.oneOf
  if (Array.isArray(alternatives)) return [...new Set(alternatives.filter(isObject).map(typeWords))].join(' or ')
  if (typeof schema.format === 'string') return schema.format
  if (schema.type === 'array') return isObject(schema.items) ? `list of ${typeWords(schema.items)}` : 'list'
  if (Array.isArray(schema.type)) return schema.type.filter((name) => typeof name === 'string').join(' or ')
  return typeof schema.type === 'string' ? schema.type : 'anything'
}

function properties(schema: JsonSchema): { [name: string]: JsonSchema } {
  if (!isObject(schema.properties)) return {}
  return Object.fromEntries(Object.entries(schema.properties).map(([name, part]) => [name, isObject(part) ? part : {}]))
}

const isObject = (value: Json | undefined): value is JsonSchema =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** Text that stays in its table cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ')
