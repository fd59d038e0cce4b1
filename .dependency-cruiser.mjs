/**
 * The lines of the architecture: which folder may import which. Everything of ours that is not named for a folder is
 * forbidden to it; npm packages and Node's own modules are free.
 */
const texts = 'src/texts';
const runtime = 'src/runtime';
const lines = {
  // Pure: a browser can import it.
  'src/contracts': [],
  'src/runtime': ['src/contracts'],
  // Every sentence that people read.
  'src/texts': [],
  // Declared routes: the one framework of all servers.
  'src/routing': ['src/contracts', runtime, texts],
  'src/domain': ['src/contracts', texts],
  'src/store': ['src/contracts', 'src/domain', runtime, texts],
  'src/stacks': ['src/contracts', 'src/domain', runtime, texts],
  // A process of its own: it holds the lease of its stack in the database.
  'src/stacks/runner': ['src/stacks', 'src/contracts', 'src/domain', 'src/store', runtime, texts],
  'src/mail': ['src/contracts', 'src/domain', runtime, texts],
  'src/payments': ['src/contracts', 'src/domain', runtime, texts],
  'src/activities': [
    ...['src/contracts', 'src/domain', 'src/store', 'src/stacks', 'src/mail', 'src/payments', 'src/licence/protocol'],
    ...[runtime, texts],
  ],
  'src/workflows': ['src/contracts', 'src/domain', 'src/activities', texts],
  'src/workers': [
    ...['src/contracts', 'src/domain', 'src/store', 'src/stacks', 'src/mail', 'src/payments', 'src/licence/protocol'],
    ...['src/activities', 'src/workflows', runtime, texts],
  ],
  'src/api': [
    ...['src/contracts', 'src/domain', 'src/store', 'src/payments', 'src/mail', 'src/routing'],
    ...[runtime, texts],
  ],
  'src/licence/protocol': [],
  'src/licence/client': ['src/licence/protocol'],
  // For vendors: plays against any server, so it knows none.
  'src/licence/conformance': ['src/licence/client', 'src/licence/protocol'],
  'src/licence/server': ['src/licence/protocol', 'src/contracts', 'src/domain', 'src/routing', runtime, texts],
  'src/host': ['src/contracts', 'src/licence/client', 'src/licence/protocol', runtime, texts],
  'src/web': ['src/contracts', texts],
  'src/gateway': ['src/contracts', runtime, texts],
  'src/cli': ['src/contracts', runtime, texts],
};

/** Where a process begins: these alone read the configuration and hand it on. */
const processEntries = '^src/(.+/main|workers/[^/]+|embedded/(demo|start))\\.ts$';
const configuration = '^src/config\\.ts$';

const escaped = (folders) => folders.map((folder) => folder.replaceAll('.', '\\.')).join('|');

/** A folder with lines of its own inside another one follows only its own. */
const exceptOwnLines = (folder) => {
  const inner = Object.keys(lines).filter((other) => other.startsWith(`${folder}/`));
  return inner.length > 0 ? { pathNot: `^(${escaped(inner)})/` } : {};
};

const folderRules = Object.entries(lines).map(([folder, allowed]) => ({
  name: `${folder}-imports-downwards`,
  comment: `${folder} may import ${allowed.length > 0 ? allowed.join(', ') : 'nothing of ours'} and itself.`,
  severity: 'error',
  from: { path: `^${folder}/`, ...exceptOwnLines(folder) },
  to: { path: '^(src|emulators)/', pathNot: `^(${escaped([folder, ...allowed])})/|${configuration}` },
}));

export default {
  forbidden: [
    ...folderRules,
    {
      name: 'workflows-import-only-types-of-activities',
      comment: 'Workflow code is replayed in a sandbox: of activities it may know the types (import type).',
      severity: 'error',
      from: { path: '^src/workflows/' },
      to: { path: '^src/activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'product-never-imports-embedded',
      comment: 'The product never knows that it runs on the embedded platform.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/embedded/' },
      to: { path: '^src/embedded/' },
    },
    {
      name: 'product-never-imports-emulators',
      comment: 'The product never knows that it talks to an emulator; the platform on one machine starts them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/embedded/' },
      to: { path: '^emulators/' },
    },
    {
      name: 'configuration-is-for-process-entries',
      comment: 'Configuration is read where a process begins and handed on as values.',
      severity: 'error',
      from: { path: '^src/', pathNot: processEntries },
      to: { path: configuration, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'configuration-knows-only-contracts',
      comment: 'src/config.ts may import contracts.',
      severity: 'error',
      from: { path: configuration },
      to: { path: '^src/', pathNot: '^src/contracts/' },
    },
    {
      name: 'product-never-imports-tests-or-tools',
      comment:
        'Tests, benchmarks, fault campaigns, smoke runs and the toolchain look at the product, never the other way round.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|faults|smoke|toolchain)/' },
    },
    {
      name: 'no-cycle',
      comment: 'Two files that need each other, be it for types alone, are one file, or need a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'only-declared-packages',
      comment: 'What src imports is in package.json as a dependency.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
};
