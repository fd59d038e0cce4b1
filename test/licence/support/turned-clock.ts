import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import type { LicenceWorld, ServerProcess } from './licence-server.ts';

/** Stops the server of a world and starts others (one, or the given number) whose clock a test can shift. */
export async function startWithTurnedClock(world: LicenceWorld, count = 1) {
  const file = join(world.folder, 'clock');
  const { licenseKey } = await world.issue();
  await writeFile(file, '0');
  await world.server().kill('SIGKILL');
  const servers: ServerProcess[] = [];
  for (let started = 0; started < count; started += 1) servers.push(await world.start({ FREEHOLD_CLOCK_FILE: file }));

  async function hasTurned({ url }: ServerProcess, ms: number): Promise<boolean> {
    const { body } = await world.call<{ ts: string }>('POST', '/v1/licenses/validate', { licenseKey }, {}, url);
    return Math.abs(Date.parse(body.ts) - Date.now() - ms) < 60_000;
  }

  return {
    /** Ahead of real time by this many ms, on every server by the time this resolves. */
    async turnTo(ms: number): Promise<void> {
      await writeFile(`${file}.new`, String(Math.round(ms)));
      await rename(`${file}.new`, file);
      for (const server of servers) await until(() => hasTurned(server, ms), { what: 'the clock is turned' });
    },
  };
}
