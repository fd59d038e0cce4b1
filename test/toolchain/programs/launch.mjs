import { launch } from '../../../toolchain/lib/launch.mjs';

const node = process.execPath;
process.exitCode = await launch({
  tools: { node, variables: { FREEHOLD_NODE: node } },
  entry: 'test/toolchain/programs/count-signals.mjs',
  args: ['a', 'b'],
});
