import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Agent } from 'undici';
import { readHostHealth } from '../../../src/activities/hosting/read-host-health.ts';
import { phasesForPeople } from '../../../src/contracts/host-contract.ts';
import { reasons } from '../../../src/contracts/reasons.ts';
import { newId } from '../../../src/runtime/new-id.ts';

const instanceId = newId.instance();
const expected = { instanceId, hostname: 'server.example', versions: ['1.0.0'] };
const well = { status: 'ok', instanceId, version: '1.0.0', licence: { state: 'OK', revision: 1 } };

/** The host's next response. */
let next: { status: number; body: string };
const server = createServer((_request, response) => response.writeHead(next.status).end(next.body));
const dispatcher = new Agent();

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  await dispatcher.close();
  await once(server.close(), 'close');
});

async function look(status: number, body: object | string) {
  next = { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
  const { port } = server.address() as AddressInfo;
  const view = {
    reach: { resolve: async () => ['127.0.0.1'], dispatcher, ca: [], close: async () => {} },
    hostUrl: () => `http://127.0.0.1:${port}`,
  };
  const problem = await readHostHealth(view, expected);
  return problem && [problem.code, problem.detail];
}

const booting = (phase: string) => ({ ...well, status: 'starting', licence: { state: 'NONE', revision: 0 }, phase });

describe('a host', () => {
  test('is well when it answers as this instance and its version', async () => {
    expect(await look(200, well)).toBeUndefined();
  });

  test('that boots reports its phase', async () => {
    expect(await look(503, booting('fetching-tls'))).toEqual(['host_starting', 'phase fetching-tls']);
  });

  test.each(phasesForPeople)('at %s waits for people, which no retry ends', async (phase) => {
    expect(await look(503, booting(phase))).toEqual(['data_volume_refused', `phase ${phase}`]);
    expect(reasons.data_volume_refused.retryable).toBe(false);
  });

  test('that answers for another instance, in no words of ours, or with an old version is not there yet', async () => {
    const other = newId.instance();
    expect(await look(503, { ...booting('volume-is-damaged'), instanceId: other })).toEqual([
      'host_starting',
      'phase process: status 503',
    ]);
    expect(await look(502, '<html>')).toEqual(['host_starting', 'phase process: status 502']);
    expect(await look(200, '<html>')).toEqual(['host_starting', 'phase process: this is not the answer of our host']);
    expect(await look(200, { ...well, instanceId: other })).toEqual([
      'host_starting',
      'phase process: another instance',
    ]);
    expect(await look(200, { ...well, version: '0.9.0' })).toEqual([
      'host_starting',
      'phase version: 0.9.0 instead of 1.0.0',
    ]);
  });
});
