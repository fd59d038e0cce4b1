/** Fetches a small invented tool as set-up does; `SLOW` makes its build last until a file of that name appears. */
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeFailure } from '../../../toolchain/lib/failure.mjs';
import { createReport } from '../../../toolchain/lib/report.mjs';
import { findTool, obtainTool, prepareTool } from '../../../toolchain/lib/tool.mjs';

const { BUILDS, SLOW, PUBLISHER, BROKEN } = process.env;
const interrupt = new AbortController();
process.on('SIGINT', () => interrupt.abort(new Error('interrupted')));
const context = { report: createReport(), signal: interrupt.signal };

const tool = {
  name: 'example',
  title: 'Example tool',
  version: '1.2.3',
  program: 'bin/example',
  variable: 'EXAMPLE_TOOL',
  path: { command: 'example', args: ['--version'], pattern: /example (\S+)/, from: '1.2.3', before: '2.0.0' },
  publisher: PUBLISHER && {
    origin: PUBLISHER,
    url: `${PUBLISHER}/example.tar.gz`,
    checksums: `${PUBLISHER}/sums`,
    member: 'example',
  },
  registry: {
    check: async () => {},
    build: async ({ folder, step, signal }) => {
      appendFileSync(BUILDS, `${process.pid}\n`);
      mkdirSync(join(folder, 'bin'));
      writeFileSync(join(folder, 'bin', 'example'), '#!/bin/sh\n', { mode: 0o755 });
      step.progress('building');
      while (SLOW && !existsSync(SLOW)) {
        signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (BROKEN) throw Object.assign(new Error('The build broke.'), { name: 'SetupFailure', tail: ['why'], log: 'l' });
      return 'a registry';
    },
  },
};

try {
  const found = await findTool(tool, context.signal);
  if (!found) await prepareTool(tool, context.signal);
  console.log(JSON.stringify(found ?? (await obtainTool(tool, context))));
} catch (error) {
  console.error(describeFailure(error) ?? `stopped: ${error.message}`);
  process.exitCode = 1;
}
