import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import packet, { type DecodedPacket, type Packet } from 'dns-packet';
import { Agent, fetch } from 'undici';
import { openAuthority } from '../../../emulators/edge/authority.ts';
import { until } from '../../support/until.ts';

/** Currently free ports. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** A resolver that answers every name with this machine; it is asked over TCP. */
export async function startResolver(): Promise<{ address: string; stop(): void }> {
  const server = createServer((socket) => {
    let rest = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE()) {
        const end = 2 + rest.readUInt16BE();
        socket.write(packet.streamEncode(answer(packet.decode(rest.subarray(2, end)))));
        rest = rest.subarray(end);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => void server.close() };
}

function answer({ id = 0, questions = [] }: DecodedPacket): Packet {
  const answers = questions.flatMap(({ name, type }) =>
    type === 'A' ? [{ type: 'A' as const, name, ttl: 0, data: '127.0.0.1' }] : [],
  );
  return { type: 'response', id, questions, answers };
}

interface AuthorityOptions {
  /** Source of its own certificate, and folder of its files. */
  folder: string;
  name: string;
  /** Ports of the host at which it validates. */
  validation: { http: number; https: number };
  resolver: string;
  port?: number;
  binding?: { keyId: string; key: string };
  /** Names that it does not certify. */
  refuses?: string[];
}

/** A certificate authority: a separate Pebble, with its own root. */
export async function startAuthority(options: AuthorityOptions) {
  const { folder, name, validation, resolver, binding, refuses = [] } = options;
  const program = process.env.PEBBLE_BINARY;
  if (!program)
    throw new Error('PEBBLE_BINARY is not set: run this by "npm run test:full" or name the file to "npm test"');
  const [free, management] = (await freePorts(2)) as [number, number];
  const port = options.port ?? free;
  // Its own TLS certificate, from an authority that the host trusts.
  await (await openAuthority(folder)).contextOf('localhost');
  const file = join(folder, `${name}.json`);
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: join(folder, 'certificates', 'localhost.pem'),
    privateKey: join(folder, 'certificates', 'localhost.key'),
    httpPort: validation.http,
    tlsPort: validation.https,
    ocspResponderURL: '',
    externalAccountBindingRequired: binding !== undefined,
    externalAccountMACKeys: binding ? { [binding.keyId]: binding.key } : {},
    domainBlocklist: refuses,
    retryAfter: { authz: 1, order: 1 },
  };
  await writeFile(file, JSON.stringify({ pebble }));
  const child: ChildProcess = spawn(program, ['-config', file, '-dnsserver', resolver], {
    env: { PATH: process.env.PATH, PEBBLE_VA_NOSLEEP: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream!.setEncoding('utf8').on('data', (text) => {
      log += text;
    });
  }
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const root = await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${log}`);
      const url = `https://127.0.0.1:${management}/roots/0`;
      return fetch(url, { dispatcher }).then(
        (answer) => answer.text(),
        () => null,
      );
    },
    { what: `${name} answers`, limitMs: 30_000 },
  );
  await dispatcher.destroy();
  const count = (pattern: RegExp) => [...log.matchAll(pattern)].length;
  return {
    directory: `https://localhost:${port}/dir`,
    port,
    /** Its root certificate, PEM. */
    root,
    orders: () => count(/Added order /g),
    accounts: () => count(/There are now \d+ accounts in memory/g),
    issued: () => count(/Issued certificate serial /g),
    bound: () => count(/Successful newAccount Binding/g),
    /** Validations that failed. */
    failures: () => count(/set INVALID by completed challenge/g),
    log: () => log,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
export type TestAuthority = Awaited<ReturnType<typeof startAuthority>>;
