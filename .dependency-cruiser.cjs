// The rooms of ARCHITECTURE.md as rules: imports run downhill only. test/rooms.test.ts sees each rule fire.
// `import type` is free: it leaves nothing behind at run time.
const VALUE = { dependencyTypesNot: ['type-only'] }
const TESTS = '\\.test\\.tsx?$'
const PURE = '^engine/(model|rules|scores|expression|compile|run|match|backtest)/'

/** A rule with its reason, which the tool prints under a violation. Tests may import what they prove. */
const rule = (name, { comment, from = {}, to }) => ({
  name,
  comment,
  severity: 'error',
  from: { ...from, pathNot: [TESTS, ...(from.pathNot ?? [])] },
  to,
})

module.exports = {
  forbidden: [
    rule('no-cycle', {
      comment: 'Take the part that both need into a file of its own.',
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    }),
    rule('pure-stays-pure', {
      comment:
        'It runs in the browser and inside the workflow: no clock, no I/O, no packages but zod and the expression parser.',
      from: { path: PURE },
      to: {
        ...VALUE,
        pathNot: `${PURE}|^nodes/(fault|manifest|time-zone)\\.ts$|node_modules/(zod|@marcbachmann/cel-js)/`,
      },
    }),
    rule('workflow-is-deterministic', {
      comment: 'Temporal replays it: what it imports must give the same answers every time.',
      from: { path: '^engine/temporal/[a-z-]+-workflow\\.ts$' },
      to: {
        ...VALUE,
        pathNot:
          '^engine/(temporal/(messages|search-attributes)\\.ts$|model/|rules/|run/)|node_modules/@temporalio/(workflow|common)/',
      },
    }),
    rule('workflow-bundle-has-no-parser', {
      comment: 'The modules of the workflow run again for every execution, so they stay small: no zod, no parser.',
      from: { path: '^engine/(model|rules|run)/', pathNot: ['-schema\\.ts$'] },
      to: { ...VALUE, path: 'node_modules/(zod|@marcbachmann)/|-schema\\.ts$|^engine/(expression|compile)/' },
    }),
    rule('definitions-import-no-sdk', {
      comment: 'Clients arrive as arguments; an SDK imported by a definition would be in every bundle.',
      from: { path: '^nodes/.*\\.(trigger|condition|flow|action)\\.ts$' },
      to: { ...VALUE, pathNot: '^nodes/(?!.*/(client|sandbox/.*)\\.ts$)|node_modules/(zod|croner)/' },
    }),
    rule('nodes-import-no-room', {
      comment: 'nodes/ says what a step is, and knows nothing of who uses it.',
      from: { path: '^nodes/' },
      to: { path: '^(engine|api|editor|bin|test)/' },
    }),
    rule('engine-downhill', {
      comment: 'engine/ imports nodes/; what it needs from api/ is a port in engine/ports.ts.',
      from: { path: '^engine/' },
      to: { path: '^(api|editor|bin|test)/' },
    }),
    rule('api-downhill', {
      comment: 'api/ imports engine/ and nodes/.',
      from: { path: '^api/' },
      to: { path: '^(editor|bin|test)/' },
    }),
    rule('editor-is-thin', {
      comment:
        "The browser gets the pure rooms, the manifest's types and what a time zone is; of api/ it sees types only.",
      from: { path: '^editor/' },
      to: {
        ...VALUE,
        path: '^(nodes|engine|api|bin|test)/',
        pathNot: '^engine/(model|compile|rules|scores|expression|run)/|^nodes/(manifest|time-zone)\\.ts$',
      },
    }),
    rule('nobody-imports-bin-or-test', {
      comment: 'bin/ has the process roots and test/ the proof: nothing stands on them.',
      from: { pathNot: ['^(bin|test|scripts)/'] },
      to: { path: '^(bin|test)/' },
    }),
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
  },
}
