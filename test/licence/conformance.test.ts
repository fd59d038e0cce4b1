import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runScenarios, type Scenario, seatsNeeded } from '../../src/licence/conformance/kit.ts';
import { scenarios } from '../../src/licence/conformance/scenarios/all.ts';
import { defaultIssuer } from '../../src/licence/protocol/verdict.ts';
import { type LicenceWorld, product, startLicenceWorld } from './support/licence-server.ts';
import { authority, serve } from './support/network.ts';
import { faults, startWrongServer } from './support/wrong-server.ts';

const main = join(import.meta.dirname, '../../src/licence/conformance/main.ts');
let world: LicenceWorld;
let key: string;
let licenseId: string;

beforeAll(async () => {
  world = await startLicenceWorld();
  await world.putPlan('KIT', { limits: { devices: 10, users: null } });
  const licence = await world.issue({ plan: 'KIT', seats: seatsNeeded });
  [key, licenseId] = [licence.licenseKey, licence.licenseId];
});
afterAll(() => world.stop());

const play = (serverUrl: string, chosen: readonly Scenario[]) =>
  runScenarios({ ...{ serverUrl, product, licenseKey: key, version: '1.0.0', issuer: defaultIssuer }, fetch }, chosen);

/** The command as a separate process. */
async function command(args: string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, out, err };
}

describe('the conformance kit', () => {
  test('finds that our server meets every scenario, and gives every seat back', async () => {
    const { results, seatsLeft } = await play(world.url(), scenarios);
    expect(results.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    expect(results.map(({ id }) => id)).toEqual(scenarios.map(({ id }) => id));
    expect(seatsLeft).toBe(0);
    expect((await world.view(licenseId)).seats.production.used).toBe(0);
  });

  test('has each number once, and for each a server that does not meet it', () => {
    const ids = scenarios.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.keys(faults).toSorted()).toEqual(ids.toSorted());
  });

  test.each(Object.keys(faults))('%s is found where a server does not meet it', async (id) => {
    const wrong = await startWrongServer(world.url, (faults[id] as (typeof faults)[string])());
    try {
      const { results } = await play(
        wrong.url,
        scenarios.filter((scenario) => scenario.id === id),
      );
      expect(results).toMatchObject([{ id, outcome: 'failed' }]);
      expect(results[0]?.detail).not.toContain('could not be played');
      expect(JSON.stringify(results)).not.toContain(key);
    } finally {
      await wrong.close();
    }
  });

  test('says why it did not play what needs one more seat', async () => {
    const { licenseKey } = await world.issue({ plan: 'KIT', seats: 1 });
    const target = { serverUrl: world.url(), product, licenseKey, version: '1.0.0', issuer: defaultIssuer, fetch };
    const { results } = await runScenarios(
      target,
      scenarios.filter(({ id }) => id === 'L31'),
    );
    expect(results).toMatchObject([
      { id: 'L31', outcome: 'skipped', detail: 'The copy was refused, and found no free seat.' },
    ]);
  });
});

describe('the command', () => {
  beforeAll(async () => {
    key = (await world.issue({ plan: 'KIT', seats: seatsNeeded })).licenseKey;
  });
  const target = () => ['--server', world.url(), '--product', product];

  test('prints a line per scenario and a summary, and ends with 0', async () => {
    const { code, out, err } = await command([...target(), '--key', key, '--only', 'L23,l24,L39']);
    expect([code, err]).toEqual([0, '']);
    const lines = out.trim().split('\n');
    expect(lines.slice(0, 3)).toEqual([
      expect.stringMatching(/^✓ L23 {2}the current secret rotates: .* \d+ ms$/),
      expect.stringMatching(/^✓ L24 /),
      expect.stringMatching(/^✓ L39 /),
    ]);
    expect(lines.at(-1)).toBe(`3 ok, 0 failed at ${world.url()}`);
  });

  test('--json is one document; one scenario that fails ends with 1', async () => {
    const wrong = await startWrongServer(world.url, (faults.L24 as (typeof faults)[string])());
    const keyFile = join(world.folder, 'key');
    await writeFile(keyFile, `${key}\n`);
    const args = ['--server', wrong.url, '--product', product, '--key-file', keyFile, '--only', 'L23,L24', '--json'];
    const { code, out } = await command(args);
    await wrong.close();
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ...{ server: wrong.url, product, conforms: false, ok: 1, failed: 1, skipped: 0, seatsLeft: 0 },
      results: [
        { id: 'L23', outcome: 'ok' },
        { id: 'L24', outcome: 'failed', detail: 'A repeated answer carries Idempotent-Replay: true.' },
      ],
    });
    expect(out).not.toContain(key);
  });

  test('goes over TLS under an authority of one’s own', async () => {
    const wrong = await startWrongServer(world.url, (answer) => answer);
    const tls = await serve(
      async (request, response) => {
        const body = await text(request);
        const answer = await fetch(wrong.url + request.url, { method: request.method ?? '', ...(body && { body }) });
        response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
      },
      { tls: true },
    );
    const ca = join(world.folder, 'ca.pem');
    await writeFile(ca, authority);
    const args = ['--server', tls.url, '--product', product, '--only', 'L47'];
    const environment = { LICENCE_KEY: key };
    const untrusted = await command(args, environment);
    const trusted = await command([...args, '--ca', ca], environment);
    await Promise.all([tls.close(), wrong.close()]);
    expect([untrusted.code, untrusted.err]).toEqual([2, expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT')]);
    expect(trusted.code).toBe(0);
  });

  test.each<[string, () => string[], string]>([
    ['without a server', () => ['--product', product, '--key', key], 'Give --server, --product and --key'],
    ['with a number that is none', () => [...target(), '--key', key, '--only', 'L99'], 'There is no scenario L99'],
    ['with a key that is not good', () => [...target(), '--key', 'FH-WRONG'], 'The key is not valid'],
    [
      'with a server that is not there',
      () => ['--server', 'http://127.0.0.1:9', '--product', 'p', '--key', 'k'],
      'not reached',
    ],
  ])('%s it ends with 2 and says why', async (_, args, why) => {
    const { code, out, err } = await command(args());
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(why);
  });

  test('refuses a licence with too few free seats, before it wins any', async () => {
    const few = await world.issue({ plan: 'KIT', seats: seatsNeeded - 1 });
    const { code, err } = await command([...target(), '--key', few.licenseKey]);
    expect([code, err]).toEqual([2, `licence-conformance: Free seats of the licence: 2; a run needs 3.\n`]);
    expect((await world.view(few.licenseId)).activations).toEqual([]);
  });

  test('--list names every scenario', async () => {
    const { code, out } = await command(['--list']);
    expect(code).toBe(0);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(scenarios.map(({ id }) => id));
  });
});
