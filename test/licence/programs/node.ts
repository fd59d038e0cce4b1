import { createLicenceClient } from '../../../src/licence/client/client.ts';
import { licenceExitCode, licenceExitCodes } from '../../../src/licence/client/exit-codes.ts';
import type { LicenceClientOptions } from '../../../src/licence/client/types.ts';

/**
 * A product in a separate process: `node node.ts OPTIONS`, options of the client as JSON and, optionally, `crash:
 * true`, which kills the process the moment an answer to a check has arrived, or `hurry: true`, which checks without a
 * pause. Prints one line per state.
 */
const {
  crash = false,
  hurry = false,
  ...options
} = JSON.parse(process.argv[2] as string) as LicenceClientOptions & {
  crash?: boolean;
  hurry?: boolean;
};

const client = createLicenceClient({
  ...options,
  ...(crash && {
    fetch: async (url, init) => {
      const answer = await fetch(url, init);
      if (!url.endsWith('/check')) return answer;
      await answer.text();
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => {});
    },
  }),
});
const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
client.onChange(({ state, reason }) => print({ state, code: reason?.code ?? null }));
client.onStop(() => void client.stop().then(() => process.exit(licenceExitCodes.stopped)));
try {
  await client.start();
  print({ started: true });
} catch (error) {
  print({ failed: error instanceof Error ? error.message : 'unknown' });
  process.exit(licenceExitCode(error));
}
// The client's timers do not keep the process alive.
setInterval(() => {}, 1 << 30);
process.on('SIGTERM', () => void client.stop().then(() => process.exit(0)));
while (hurry) await client.check();
