import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { z } from 'zod';
import { claimPorts } from './port-claims.ts';
import { writeFileSafely } from './state-folder.ts';

/** The listeners, in the order in which their ports follow the base. */
export const services = [
  'api',
  'temporal-ui',
  'mailbox',
  'edge',
  'licence',
  'stripe',
  'cloud',
  'dns',
  'smtp',
  'mongo',
  'temporal',
  'temporal-http',
  'temporal-metrics',
] as const;
export type Service = (typeof services)[number];
export type Ports = Record<Service, number>;

const defaultBase = 4600;
/** Range of free ports: below those of the small cloud's addresses, which stay reserved for their address. */
const freeFrom = 10_000;
const freeTo = 20_000;

const Port = z.coerce.number().int().min(1).max(65_535);
const Remembered = z.partialRecord(z.enum(services), Port);

/** A port is not available; the sentence says which and what helps. */
export class PortError extends Error {
  override readonly name = 'PortError';
}

/**
 * Chooses a loopback port for every service: the one in `FREEHOLD_PORT_<SERVICE>`; else `FREEHOLD_PORT_BASE` plus its
 * position; else the one of the last start, so that links stay the same; else 4600 plus its position, unless `free`;
 * else a free one. Writes the choice to `file`. No other start of this user chooses any of them until `release`.
 * Errors: PortError, ClaimsError.
 */
export async function choosePorts(options: {
  file: string;
  env: NodeJS.ProcessEnv;
  free: boolean;
}): Promise<{ ports: Ports; moved: Service[]; release(): Promise<void> }> {
  let choice: { ports: Ports; moved: Service[] } | undefined;
  const { release } = await claimPorts(async (claimed) => {
    choice = await chooseAmong(claimed, options);
    return Object.values(choice.ports);
  });
  writeFileSafely(options.file, `${JSON.stringify(choice!.ports, null, 2)}\n`);
  return { ...choice!, release };
}

async function chooseAmong(
  claimed: ReadonlySet<number>,
  options: Parameters<typeof choosePorts>[0],
): Promise<{ ports: Ports; moved: Service[] }> {
  const remembered = readRemembered(options.file);
  const base = options.env.FREEHOLD_PORT_BASE ? readBase(options.env.FREEHOLD_PORT_BASE) : defaultBase;
  const taken = new Set(claimed);
  const moved: Service[] = [];
  const ports = {} as Ports;

  for (const service of services) {
    const variable = `FREEHOLD_PORT_${service.toUpperCase().replace('-', '_')}`;
    const asked = options.env[variable];
    if (asked === undefined) continue;
    const port = Port.safeParse(asked);
    if (!port.success) throw new PortError(`${variable} is not a port number.`);
    if (taken.has(port.data) || !(await isFree(port.data))) {
      throw new PortError(
        `Port ${port.data} is taken, but ${variable} requires it. Choose another or stop the program that uses it.`,
      );
    }
    taken.add(port.data);
    ports[service] = port.data;
  }
  for (const [place, service] of services.entries()) {
    if (ports[service] !== undefined) continue;
    const own = options.free ? undefined : base + place;
    const candidates = options.env.FREEHOLD_PORT_BASE ? [own, remembered[service]] : [remembered[service], own];
    const preferred = candidates.find((port) => port !== undefined);
    let chosen: number | undefined;
    for (const port of candidates) {
      if (port !== undefined && !taken.has(port) && (await isFree(port))) {
        chosen = port;
        break;
      }
    }
    chosen ??= await findFree(taken);
    if (preferred !== undefined && chosen !== preferred) moved.push(service);
    taken.add(chosen);
    ports[service] = chosen;
  }
  return { ports, moved };
}

function readBase(text: string): number {
  const highest = 65_536 - services.length;
  const base = Port.max(highest).safeParse(text);
  if (!base.success) throw new PortError(`FREEHOLD_PORT_BASE must be a port number up to ${highest}.`);
  return base.data;
}

function readRemembered(file: string): Partial<Ports> {
  try {
    return Remembered.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    // The file is only a convenience: if it is missing or damaged, links change, nothing else.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return {};
    if (error instanceof z.ZodError) return {};
    throw error;
  }
}

async function findFree(taken: Set<number>): Promise<number> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const port = freeFrom + Math.floor(Math.random() * (freeTo - freeFrom));
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new PortError(`No free port was found between ${freeFrom} and ${freeTo}.`);
}

/** Whether a loopback port is free for TCP and UDP. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const socket = createSocket('udp4');
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') return false;
    throw error;
  } finally {
    socket.close();
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
