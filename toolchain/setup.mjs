import { setupFailure } from './lib/failure.mjs';
import { createReport, duration } from './lib/report.mjs';
import { findTool, obtainTool, prepareTool } from './lib/tool.mjs';
import { caddy, pebble } from './steps/acme.mjs';
import { findDatabases, obtainDatabase, prepareDatabase } from './steps/database.mjs';
import { dependenciesArePresent, installDependencies, prepareDependencies } from './steps/dependencies.mjs';
import { node, ownNode } from './steps/node.mjs';
import { pulumi } from './steps/pulumi.mjs';
import { temporalCli } from './steps/temporal-cli.mjs';
import { temporalTestServer } from './steps/temporal-test-server.mjs';

/**
 * What each kind of command needs besides Node and the dependencies. Pulumi comes last: it takes by far the longest.
 */
const needs = {
  nothing: { tools: [], database: false },
  platform: { tools: [temporalCli, pulumi], database: true },
  tests: { tools: [temporalCli, temporalTestServer, pulumi], database: true },
  everything: { tools: [temporalCli, temporalTestServer, pebble, caddy, pulumi], database: true },
};

const supported = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

/**
 * Finds or fetches what a command needs. The prerequisites of everything missing are checked before anything is
 * fetched. Resolves with the environment variables for the tools and a list of what was found; throws one clear
 * sentence if something cannot be obtained.
 *
 * @param {{ root: string, need: 'nothing' | 'platform' | 'tests' | 'everything', quiet: boolean, signal: AbortSignal }}
 * options `quiet` prints nothing if nothing is missing
 */
export async function setUp({ root, need, quiet, signal }) {
  const started = Date.now();
  if (!supported.includes(`${process.platform}-${process.arch}`)) {
    throw setupFailure(
      `Freehold runs on Linux and macOS, x64 or arm64; this is ${process.platform} ${process.arch} (on Windows: WSL).`,
    );
  }
  const { tools, database } = needs[need];
  const steps = [nodeStep(), dependenciesStep(root), ...tools.map(toolStep)];
  if (database && !process.env.MONGODB_URI) steps.splice(-1, 0, databaseStep());

  const found = [];
  for (const step of steps) found.push(await step.find(signal));
  const missing = steps.filter((_, index) => !found[index]);
  if (missing.length > 0) {
    const report = createReport();
    report.line(`Setting up (once; kept for the next time): ${missing.map(({ title }) => title).join(', ')}`);
    for (const step of missing) await step.prepare(signal);
    for (const [index, step] of steps.entries()) found[index] ??= await step.obtain({ report, signal });
    report.line(`Everything is there after ${duration(Date.now() - started)}.`);
  } else if (!quiet) {
    createReport().line(`Tools ready in ${duration(Date.now() - started)}.`);
  }
  return {
    node: found[0].path,
    variables: Object.assign({}, ...found.map(({ variables }) => variables)),
    tools: found.filter(({ path }) => path),
  };
}

function toolStep(tool) {
  const named = (got) => ({
    title: tool.title,
    ...got,
    variables: { [tool.variable]: tool.value ? tool.value(got.path) : got.path },
  });
  return {
    title: tool.title,
    find: async (signal) => {
      const got = await findTool(tool, signal);
      return got && named(got);
    },
    prepare: (signal) => prepareTool(tool, signal),
    obtain: async (context) => named(await obtainTool(tool, context)),
  };
}

function nodeStep() {
  const step = toolStep(node);
  return {
    ...step,
    find: async (signal) => {
      const own = process.env.FREEHOLD_NODE ? undefined : ownNode();
      if (own) return { title: 'Node.js', ...own, variables: { FREEHOLD_NODE: own.path } };
      return step.find(signal);
    },
  };
}

function databaseStep() {
  const named = ([first, ...others]) => {
    const { tool, ...got } = first;
    const variables = Object.fromEntries([first, ...others].map((one) => [one.tool.variable, one.path]));
    return { title: tool.title, ...got, variables };
  };
  return {
    title: 'Database',
    find: async (signal) => {
      const found = await findDatabases(signal);
      return found.length > 0 ? named(found) : undefined;
    },
    prepare: prepareDatabase,
    obtain: async (context) => named([await obtainDatabase(context)]),
  };
}

function dependenciesStep(root) {
  const present = { variables: {} };
  return {
    title: 'Dependencies',
    find: async () => (dependenciesArePresent(root) ? present : undefined),
    prepare: async () => prepareDependencies(),
    obtain: async (context) => {
      await installDependencies(root, context);
      return present;
    },
  };
}
