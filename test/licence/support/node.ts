import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createLicenceClient } from '../../../src/licence/client/client.ts';
import type { LicenceClient, LicenceClientOptions, LicenceClock } from '../../../src/licence/client/types.ts';
import { product } from './licence-server.ts';

/** A clock that stands still until it is advanced. */
export function standingClock(start = Date.now()) {
  let [wall, mono] = [start, 0];
  const timers = new Set<{ at: number; callback: () => void }>();
  const clock: LicenceClock = {
    now: () => wall,
    monotonic: () => mono,
    after(ms, callback) {
      const timer = { at: mono + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  function advance(ms: number, wallMs = ms): void {
    mono += ms;
    wall += wallMs;
    for (const timer of [...timers].filter(({ at }) => at <= mono)) {
      timers.delete(timer);
      timer.callback();
    }
  }
  return {
    clock,
    /** Advances time and fires due timers. `wallMs` for a wall clock that advances differently. */
    advance,
    /** A wall clock change by a person or NTP. */
    setBack(ms: number) {
      wall -= ms;
    },
    pending: () => timers.size,
    /** ms until the earliest timer. */
    nextTimer: () => Math.min(...[...timers].map(({ at }) => at)) - mono,
  };
}

/** Waits for a condition; the message says what did not happen. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`);
    await delay(10);
  }
}

/** Folder for state files, and clients that are stopped at the end. */
export async function startNodes(fetchOf: () => LicenceClientOptions['fetch']) {
  const folder = await mkdtemp(join(tmpdir(), 'freehold-node-'));
  const clients: LicenceClient[] = [];
  let count = 0;
  return {
    folder,
    newStateFile: () => join(folder, `node-${++count}`, 'licence.json'),
    client(options: Partial<LicenceClientOptions> & { stateFile: string }): LicenceClient {
      const client = createLicenceClient({
        serverUrl: 'http://licence.test',
        product,
        version: '1.0.0',
        node: { name: 'n1' },
        fetch: (url, init) => (fetchOf() as NonNullable<LicenceClientOptions['fetch']>)(url, init),
        lockWaitMs: 0,
        ...options,
      });
      clients.push(client);
      return client;
    },
    async stop() {
      await Promise.all(clients.map((client) => client.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
