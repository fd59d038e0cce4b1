/** Launches the program that answers signals, and says on stderr which ones reached the launcher. */
import { launch } from '../../../toolchain/lib/launch.mjs';

// The clock stands still: however late a slow machine delivers the second signal, it belongs to the same press.
const at = Date.now();
Date.now = () => at;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => console.error(`launcher ${signal}`));
}

const node = process.execPath;
process.exitCode = await launch({
  tools: { node, variables: { FREEHOLD_NODE: node } },
  entry: 'test/toolchain/programs/answer-signals.mjs',
  args: ['a', 'b'],
});
