import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { doublesEnvironment } from '../../emulators/clouds/environment.ts';
import { cloudStacks } from '../../src/stacks/clouds.ts';
import { makeDoubledMachine, regionOf } from '../support/doubled-machine.ts';
import { startCloud, type TestCloud } from '../support/small-cloud.ts';
import { until } from '../support/until.ts';

/** The console by the clouds' own interfaces, as their doubles have them, whose machines are real processes. */

let cloud: TestCloud;
const former = { ...process.env };
beforeAll(async () => {
  cloud = await startCloud();
  // The official clients look for endpoint and credentials here, and nowhere else.
  Object.assign(process.env, doublesEnvironment({ cloudUrl: cloud.url, path: former.PATH ?? '', cacheFolder: '' }));
  Object.assign(process.env, { LOCAL_CLOUD_URL: cloud.url, LOCAL_CLOUD_TOKEN: cloud.token });
}, 30_000);
afterAll(async () => {
  process.env = former;
  await cloud?.stop();
}, 30_000);

const signal = new AbortController().signal;

test.each(['aws', 'gcp', 'azure'] as const)(
  '%s shows what a machine has printed',
  async (at) => {
    const machine = await makeDoubledMachine(cloud, at);
    await machine.booted(1);
    const stacks = await cloudStacks(at);
    const read = (serverId: string) => stacks.readConsole!({ serverId, region: regionOf[at], signal }, process.env);
    const text = await until(async () => (await read(machine.id)) || null);
    expect(text).toContain('boot of i0123456789abcdef');
    const gone = at === 'aws' ? 'i-0000000000000dead' : `${machine.id}-gone`;
    await expect(read(gone)).rejects.toMatchObject({ code: 'host_gone' });
  },
  60_000,
);

test('DigitalOcean has no call for it', async () => {
  expect((await cloudStacks('digitalocean')).readConsole).toBeUndefined();
});

test('the small cloud knows which hosts it has', async () => {
  const { readConsole } = await cloudStacks('local');
  await expect(readConsole!({ serverId: 'host-0', region: 'home', signal }, process.env)).rejects.toMatchObject({
    code: 'host_gone',
  });
});
