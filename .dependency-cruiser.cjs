// The rooms of ARCHITECTURE.md as rules: imports run downhill only.
// `import type` is free: it leaves nothing behind at run time.
const VALUE = { dependencyTypesNot: ['type-only'] }
const TESTS = '\\.test\\.tsx?$'
const rule = (name, from, to) => ({
  name,
  severity: 'error',
  from: { ...from, pathNot: [TESTS, ...(from.pathNot ?? [])] },
  to,
})
const PURE = '^engine/(model|rules|expression|compile|run|match)/'
module.exports = {
  forbidden: [
    rule('no-cycle', {}, { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }),
    // Runs in the browser and inside the workflow sandbox: no clock, no I/O, no packages but zod and the expression parser.
    rule(
      'pure-stays-pure',
      { path: PURE },
      { ...VALUE, pathNot: `${PURE}|^nodes/(fault|manifest)\\.ts$|node_modules/(zod|@marcbachmann/cel-js)/` },
    ),
    // Replayed by Temporal, so deterministic; and its modules run again for every execution, so small: no zod, no parser.
    rule(
      'workflow-is-deterministic',
      { path: '^engine/temporal/[a-z-]+-workflow\\.ts$' },
      {
        ...VALUE,
        pathNot: '^engine/(temporal/(messages|ids)\\.ts|model|rules|run)|node_modules/@temporalio/(workflow|common)/',
      },
    ),
    rule(
      'workflow-bundle-has-no-parser',
      { path: '^engine/(model|rules|run)/', pathNot: ['-schema\\.ts$'] },
      { ...VALUE, path: 'node_modules/(zod|@marcbachmann)/|-schema\\.ts$|^engine/(expression|compile)/' },
    ),
    // Clients arrive as arguments; a definition that imports an SDK would drag it into every bundle.
    rule(
      'definitions-import-no-sdk',
      { path: '^nodes/.*\\.(trigger|condition|flow|action)\\.ts$' },
      { ...VALUE, pathNot: '^nodes/(?!.*/(client|sandbox/.*)\\.ts$)|node_modules/(zod|croner)/' },
    ),
    rule('nodes-import-no-room', { path: '^nodes/' }, { path: '^(engine|api|editor|bin|test)/' }),
    rule('engine-downhill', { path: '^engine/' }, { path: '^(api|editor|bin|test)/' }),
    rule('api-downhill', { path: '^api/' }, { path: '^(editor|bin|test)/' }),
    rule(
      'editor-is-thin',
      { path: '^editor/' },
      { ...VALUE, path: '^(nodes|api|bin|test)/|^engine/', pathNot: '^engine/(model|compile|rules|expression|run)/|^nodes/manifest\\.ts$' },
    ),
    rule('nobody-imports-bin-or-test', { pathNot: ['^(bin|test|scripts)/'] }, { path: '^(bin|test)/' }),
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
  },
}
