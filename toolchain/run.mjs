/**
 * The launcher behind every npm script: `node toolchain/run.mjs <command> [arguments]`. It sets up what the command
 * needs, then starts it with the right Node and the tools' paths in the environment, and exits with its exit code.
 * Plain JavaScript without dependencies: it runs before anything is installed, on Node 18 and newer.
 */
const oldest = 18;

const commands = {
  demo: { entry: 'src/embedded/demo.ts', need: 'platform' },
  start: { entry: 'src/embedded/start.ts', need: 'platform' },
  bench: { entry: 'bench/main.ts', need: 'platform' },
  faults: { entry: 'faults/main.ts', need: 'platform' },
  smoke: { entry: 'smoke/main.ts', need: 'platform' },
  freehold: { entry: 'src/cli/main.ts', need: 'nothing', quiet: true },
  stacks: { entry: 'src/stacks/look/main.ts', need: 'platform', quiet: true },
  test: { entry: 'toolchain/test.mjs', need: 'tests' },
  'licence-conformance': { entry: 'src/licence/conformance/main.ts', need: 'nothing', quiet: true },
  'test:full': { entry: 'toolchain/test.mjs', leading: ['--full'], need: 'everything' },
  check: { entry: 'toolchain/check.mjs', need: 'nothing' },
  setup: { need: 'tests' },
};

if (Number.parseInt(process.versions.node, 10) < oldest) {
  console.error(
    `freehold: Node.js ${oldest} or newer is needed, this is ${process.versions.node} (https://nodejs.org).`,
  );
  process.exit(1);
}

process.exitCode = await main();

async function main() {
  const [name, ...args] = process.argv.slice(2);
  const command = commands[name];
  if (!command) {
    console.error(`freehold: unknown command "${name ?? ''}"; there are ${Object.keys(commands).join(', ')}.`);
    return 1;
  }
  const { launch, prepare } = await import('./lib/launch.mjs');
  // A `test:full` test named explicitly also runs in `npm test`.
  const full = name === 'test' && args.some((argument) => argument.endsWith('.full.test.ts'));
  const tools = await prepare(full ? commands['test:full'] : command);
  if (typeof tools === 'number') return tools;
  if (!command.entry) return 0;
  return launch({ tools, entry: command.entry, args: [...(command.leading ?? []), ...args] });
}
