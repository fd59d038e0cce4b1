import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Authority } from '../../../src/stacks/cloud-init/host-setup.ts';
import { readUserData } from '../../../src/stacks/cloud-init/read-user-data.ts';
import { until } from '../../support/until.ts';
import { freePorts, startAuthority, startResolver, type TestAuthority } from './certificate-authority.ts';
import { contractOf, documentOf, hostVariables, setupOf } from './hosts.ts';

/**
 * Certificates as a host gets them: the real Caddy with the very file that cloud-init writes, and certificate
 * authorities that validate it, each a real Pebble. Only DNS is faked: every name is this machine.
 */

const binding = { keyId: hostVariables.ACME_FALLBACK_EAB_KEY_ID, key: hostVariables.ACME_FALLBACK_EAB_KEY };
const hostname = 'acme.example.org';
const minute = 60_000;

let folder: string;
let resolver: Awaited<ReturnType<typeof startResolver>>;
let ports: { http: number; https: number; product: number };
let ends: (() => unknown)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freehold-certificates-'));
  resolver = await startResolver();
  const [http, https, product] = (await freePorts(3)) as [number, number, number];
  ports = { http, https, product };
  ends = [() => rm(folder, { recursive: true, force: true }), () => resolver.stop()];
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
});

async function authority(
  name: string,
  options: Partial<Parameters<typeof startAuthority>[0]> = {},
): Promise<TestAuthority> {
  const made = await startAuthority({ folder, name, validation: ports, resolver: resolver.address, ...options });
  ends.push(() => made.stop());
  return made;
}

const nowhere = (port: number) => `https://localhost:${port}/dir`;

interface Host {
  log(): string;
  stop(): Promise<void>;
}

/** Starts the TLS of a host as its unit does, with this folder as its data volume. */
async function boot(options: {
  authorities: [Authority, Authority];
  volume?: string;
  hostnames?: string[];
}): Promise<Host> {
  const { authorities, volume = 'volume', hostnames = [hostname] } = options;
  const program = process.env.CADDY_BINARY;
  if (!program)
    throw new Error('CADDY_BINARY is not set: run this by "npm run test:full" or name the file to "npm test"');
  const setup = { ...setupOf(), authorities };
  const files = readUserData(documentOf({ contract: contractOf({ hostnames }), setup, ports }));
  const machine = await mkdtemp(join(folder, 'machine-'));
  await Promise.all([mkdir(join(machine, 'run')), mkdir(join(folder, volume), { recursive: true })]);
  await writeFile(join(machine, 'Caddyfile'), files.get('/etc/freehold/Caddyfile')!.content);
  await writeFile(join(machine, 'run', 'phase.json'), JSON.stringify({ status: 'starting', phase: 'fetching-server' }));
  const unit = files.get('/etc/systemd/system/freehold-tls.service')!.content;
  const command = /\n {2}caddy (run .+)\n/.exec(unit)![1]!.replace('/etc/caddy/Caddyfile', join(machine, 'Caddyfile'));
  const child: ChildProcess = spawn(program, command.split(' '), {
    cwd: machine,
    env: {
      ...{ HOME: machine, XDG_CONFIG_HOME: machine, XDG_DATA_HOME: join(folder, volume) },
      ...{ FREEHOLD_RUN_FOLDER: join(machine, 'run'), SSL_CERT_FILE: join(folder, 'ca.pem') },
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr!.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  ends.push(stop);
  return { log: () => log, stop };
}

/** The certificate served for a name, if it was issued by this authority; its serial number. */
async function certificate(by: TestAuthority, servername = hostname): Promise<string | null> {
  const socket = connect({ host: '127.0.0.1', port: ports.https, servername, ca: by.root });
  const greeted = await once(socket, 'secureConnect').then(
    () => true,
    () => false,
  );
  const serial = greeted ? socket.getPeerCertificate().serialNumber : null;
  socket.destroy();
  return serial;
}

const untilCertified = (by: TestAuthority, host: Host, servername = hostname) =>
  until(() => certificate(by, servername), { what: `${servername} is certified`, limitMs: minute }).catch((error) => {
    throw new Error(`${error.message}\n${host.log()}\n${by.log()}`);
  });

/**
 * Requests like a browser that trusts only this authority; or like a health probe, which knows an address and no name.
 */
async function get(by: TestAuthority, path: string, as: 'browser' | 'probe' = 'browser') {
  const named = as === 'browser' ? { servername: hostname } : { checkServerIdentity: () => undefined };
  const socket = connect({ host: '127.0.0.1', port: ports.https, ca: by.root, ...named });
  await once(socket, 'secureConnect');
  const host = as === 'browser' ? hostname : `127.0.0.1:${ports.https}`;
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)![1]), body: text.slice(text.indexOf('\r\n\r\n') + 4) };
}

async function startProduct(): Promise<Server> {
  const server = createServer((_req, res) => res.end('the product')).listen(ports.product, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  return server;
}

test(
  'one is got from the first authority; /healthz tells the phase until the product answers',
  async () => {
    const [first, second] = [await authority('first'), await authority('second', { binding })];
    const host = await boot({ authorities: [first, { directory: second.directory, binding }] });
    await untilCertified(first, host);
    expect([first.issued(), second.orders()]).toEqual([1, 0]);

    const early = await get(first, '/healthz');
    expect(early.status).toBe(503);
    expect(JSON.parse(early.body)).toEqual({ status: 'starting', phase: 'fetching-server' });
    expect(await get(first, '/healthz', 'probe')).toEqual(early);
    expect(await get(first, '/')).toMatchObject({
      status: 503,
      body: expect.stringContaining('The server is starting.'),
    });
    await startProduct();
    expect(await get(first, '/healthz')).toMatchObject({ status: 200, body: expect.stringContaining('the product') });
    expect(await get(first, '/healthz', 'probe')).toMatchObject({
      status: 200,
      body: expect.stringContaining('the product'),
    });
    expect((await get(first, '/', 'probe')).status).toBe(421);
  },
  2 * minute,
);

test(
  'a machine that is built again asks for nothing, whichever authority answers by then',
  async () => {
    const [first, second] = [await authority('first'), await authority('second', { binding })];
    const authorities: [Authority, Authority] = [first, { directory: second.directory, binding }];
    const old = await boot({ authorities });
    const serial = await untilCertified(first, old);
    await old.stop();
    // The volume moves to another machine; nothing else of the old one remains.
    await cp(join(folder, 'volume'), join(folder, 'moved'), { recursive: true });
    await rm(join(folder, 'volume'), { recursive: true });
    const asked = [first.orders(), first.accounts()];
    await first.stop();

    const host = await boot({ authorities, volume: 'moved' });
    expect(await untilCertified(first, host)).toBe(serial);
    expect([first.orders(), first.accounts()]).toEqual(asked);
    expect([second.orders(), second.accounts()]).toEqual([0, 0]);
  },
  2 * minute,
);

test.each(['does not answer', 'refuses the name'])(
  'when the first authority %s the second one is asked, with the binding that it wants',
  async (what) => {
    const [closed] = (await freePorts(1)) as [number];
    const first = what === 'refuses the name' ? await authority('first', { refuses: [hostname] }) : undefined;
    const second = await authority('second', { binding });
    const directory = first?.directory ?? nowhere(closed);
    const host = await boot({ authorities: [{ directory }, { directory: second.directory, binding }] });
    await untilCertified(second, host);
    expect([second.issued(), second.bound()]).toEqual([1, 1]);
    if (first) expect([first.issued(), first.orders()]).toEqual([0, 0]);
    else expect(host.log()).toContain(`localhost:${closed}`);
  },
  2 * minute,
);

test(
  'an authority that wants a binding gives nothing to a host whose binding is another’s',
  async () => {
    const [closed] = (await freePorts(1)) as [number];
    const second = await authority('second', { binding });
    const wrong = { ...binding, key: 'a'.repeat(64) };
    const host = await boot({
      authorities: [{ directory: nowhere(closed) }, { directory: second.directory, binding: wrong }],
    });
    await until(
      () =>
        /could not get certificate from issuer.*localhost:\d+/.test(host.log()) && host.log().includes('will retry'),
      {
        what: 'both were asked in vain',
        limitMs: minute,
      },
    );
    expect([second.orders(), second.bound()]).toEqual([0, 0]);
    expect(await certificate(second)).toBeNull();
  },
  2 * minute,
);

test(
  'another hostname gets a certificate of its own, and the one of the old hostname stays',
  async () => {
    const [first, second] = [await authority('first'), await authority('second', { binding })];
    const authorities: [Authority, Authority] = [first, { directory: second.directory, binding }];
    const before = await boot({ authorities });
    const serial = await untilCertified(first, before);
    await before.stop();

    const added = 'renamed.example.org';
    const after = await boot({ authorities, hostnames: [added, hostname] });
    const other = await untilCertified(first, after, added);
    expect(other).not.toBe(serial);
    expect(await certificate(first)).toBe(serial);
    expect([first.orders(), first.accounts(), second.orders()]).toEqual([2, 1, 0]);
  },
  2 * minute,
);

test(
  'a name that cannot be validated is tried again a minute later, at the test directory, inside of the limit',
  async () => {
    const [dead, closed] = (await freePorts(2)) as [number, number];
    // The first one looks for the host at the wrong place, as with a name that resolves elsewhere.
    const first = await authority('first', { validation: { http: dead, https: dead } });
    const trial = await authority('trial', { validation: { http: dead, https: dead } });
    const host = await boot({
      authorities: [
        { directory: first.directory, testDirectory: trial.directory },
        { directory: nowhere(closed), binding },
      ],
    });
    await until(() => host.log().includes('will retry'), { what: 'the first try failed', limitMs: minute });
    const began = Date.now();
    const failed = first.failures();
    expect(failed).toBeGreaterThan(0);
    // Let's Encrypt refuses after five in an hour.
    expect(failed).toBeLessThan(5);
    await until(() => trial.orders() > 0, { what: 'the test directory is asked', limitMs: 2 * minute, everyMs: 500 });
    expect(Date.now() - began).toBeGreaterThan(50_000);
    await until(() => host.log().split('will retry').length > 2, { what: 'the second try failed', limitMs: minute });
    expect(first.failures()).toBe(failed);
  },
  5 * minute,
);
