import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLicenceClient } from '../client/client.ts';
import { machineClock } from '../client/clock.ts';
import { readState } from '../client/state-file.ts';
import type { LicenceClient, LicenceClock, LicenceFetch } from '../client/types.ts';
import type { Target } from './wire.ts';

/** The simulated connection between a node and the server. */
export type Link = 'open' | 'cut' | 'answers lost' | 'sign-in page' | 'busy';

/** The delay that a busy server asks for; longer than a client would wait by itself. s */
export const busySec = 1800;

/** Product processes with the client library, their state files, and a link and clocks that a scenario controls. */
export async function createNodes(target: Target) {
  const folder = await mkdtemp(join(tmpdir(), 'licence-conformance-'));
  const clients: LicenceClient[] = [];
  const stateFiles: string[] = [];

  /** One machine: its state file, its link and its clocks outlive its processes. */
  function machine(name: string) {
    const stateFile = join(folder, `${stateFiles.length}`, 'licence.json');
    stateFiles.push(stateFile);
    let [wallMs, monotonicMs] = [0, 0];
    let link: Link = 'open';
    const clock: LicenceClock = {
      now: () => machineClock.now() + wallMs,
      monotonic: () => machineClock.monotonic() + monotonicMs,
      // Scenarios trigger each check explicitly.
      after: () => () => {},
    };
    const fetch: LicenceFetch = async (url, init) => {
      if (link === 'cut') throw new TypeError('the link is cut', { cause: { code: 'ECONNREFUSED' } });
      if (link === 'sign-in page') return new Response('<html>Sign in to the network</html>', { status: 200 });
      if (link === 'busy') return new Response(null, { status: 503, headers: { 'Retry-After': String(busySec) } });
      const answer = await target.fetch(url, init);
      if (link === 'open') return answer;
      await answer.text();
      throw new TypeError('the answer is lost', { cause: { code: 'ECONNRESET' } });
    };
    return {
      stateFile,
      setLink(next: Link) {
        link = next;
      },
      /** Advances the monotonic clock, and the wall clock by the same unless told otherwise. */
      pass(ms: number, ofWall = ms) {
        monotonicMs += ms;
        wallMs += ofWall;
      },
      now: clock.now,
      /** Starts a process on this machine. Its first check is in flight when this resolves. */
      async boot(more: { name?: string } = {}): Promise<LicenceClient> {
        const { serverUrl, product, version, licenseKey, issuer } = target;
        const client = createLicenceClient({
          ...{ serverUrl, product, version, licenseKey, issuer, stateFile, clock, fetch },
          node: { name: more.name ?? name },
        });
        clients.push(client);
        await client.start();
        return client;
      },
    };
  }

  return {
    machine,
    /** Stops every process. */
    async stop(): Promise<void> {
      for (const client of clients.splice(0)) await client.stop();
    },
    /** The seats that the machines hold according to their state files. */
    async held(): Promise<{ instanceId: string; secret: string }[]> {
      const states = await Promise.all(stateFiles.map((file) => readState(file, target.product)));
      return states.flatMap((state) =>
        state?.activationId && state.secret ? [{ instanceId: state.activationId, secret: state.secret }] : [],
      );
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export type Nodes = Awaited<ReturnType<typeof createNodes>>;
