import { timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express';
import { z } from 'zod';
import { monotonic } from '../../src/runtime/clock.ts';
import type { Log } from '../../src/runtime/log.ts';
import {
  type Create,
  changes,
  creates,
  DnsAnswer,
  Faults,
  HostRestart,
  type Kind,
  kinds,
  Rules,
  SnapshotCreate,
  objects as schemas,
} from '../../src/stacks/local/cloud-api.ts';
import { createDoublesApi } from '../clouds/api.ts';
import type { Double } from '../clouds/double.ts';
import { wires } from '../clouds/wires.ts';
import type { FaultSwitch } from './fault-switch.ts';
import type { HostProcesses } from './host-processes.ts';
import type { Objects } from './objects.ts';
import { regions } from './offer.ts';
import { CloudRefusal } from './problem.ts';
import type { LocalSnapshots } from './snapshots.ts';

const faultOfCreate = {
  hosts: 'createHost',
  volumes: 'createVolume',
  addresses: 'createAddress',
  records: 'createRecord',
} as const satisfies Record<Kind, keyof Faults>;

/** The port `discard`, on which nothing listens: for a record without a host. */
const discardPort = 9;

const ListQuery = z.object({
  tag: z
    .string()
    .regex(/^[^=]+=/)
    .optional(),
  name: z.string().optional(),
});
const LogQuery = z.object({ bytes: z.coerce.number().int().min(1).max(1_000_000).default(16_384) });

/** The HTTP API of the small cloud. */
export function createCloudApi(options: {
  objects: Objects;
  snapshots: LocalSnapshots;
  doubles: ReadonlyMap<string, Double>;
  processes: HostProcesses;
  faults: FaultSwitch;
  /** The behaviour of this cloud; a change lasts until the daemon stops. */
  rules: { view(): Rules; change(change: Partial<Rules>): void };
  token: string;
  dnsZone: string;
  log: Log;
}) {
  const { objects, snapshots, doubles, processes, faults, rules } = options;
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  // The real clouds' own APIs, as far as they are emulated, check their own credentials.
  for (const [cloud, wire] of wires(doubles)) app.use(`/v1/wire/${cloud}`, wire);
  app.use(requireToken(options.token));
  app.use(express.json({ limit: '256kb' }));

  app.get('/v1/regions', (_request, response) => {
    response.json([...regions].map(([name, region]) => ({ name, ...region })));
  });

  for (const kind of kinds) {
    app.post(`/v1/${kind}`, async (request, response) => {
      const input = creates[kind].parse(request.body);
      if (kind === 'records') checkZone(input.name);
      if (kind === 'hosts') checkRoom((input as Create<'hosts'>).zone);
      const fault = faults.strike(faultOfCreate[kind]);
      if (fault === 'fail') throw new CloudRefusal('unavailable', 'the cloud refuses on purpose');
      if (fault === 'quota') throw new CloudRefusal('quota', `the quota of ${kind} is used up`);
      const object = await objects.create(kind, input, { deaf: fault === 'never-healthy' });
      if (kind === 'hosts') await delayCall();
      if (fault === 'lose-reply') return void request.socket.destroy();
      response.status(201).json(schemas[kind].parse(object));
    });
    app.get(`/v1/${kind}`, (request, response) => {
      const { tag, name } = ListQuery.parse(request.query);
      const found = objects.list(kind, { ...(tag ? { tag: splitTag(tag) } : {}), ...(name ? { name } : {}) });
      response.json(found.map((object) => schemas[kind].parse(object)));
    });
    app.get(`/v1/${kind}/:id`, (request, response) => {
      response.json(schemas[kind].parse(objects.need(kind, idOf(request))));
    });
    app.patch(`/v1/${kind}/:id`, async (request, response) => {
      const change = changes[kind].parse(request.body);
      response.json(schemas[kind].parse(await objects.change(kind, idOf(request), change)));
    });
    app.delete(`/v1/${kind}/:id`, async (request, response) => {
      const fault = kind === 'hosts' ? 'deleteHost' : kind === 'volumes' ? 'deleteVolume' : null;
      if (fault && faults.strike(fault)) throw new CloudRefusal('unavailable', 'the cloud refuses on purpose');
      await objects.remove(kind, idOf(request));
      response.status(204).end();
    });
  }

  app.get('/v1/snapshots', (_request, response) => {
    response.json(snapshots.list());
  });
  app.post('/v1/snapshots', (request, response) => {
    response.status(201).json(snapshots.make(SnapshotCreate.parse(request.body)));
  });
  app.delete('/v1/snapshots/:id', (request, response) => {
    snapshots.remove(idOf(request));
    response.status(204).end();
  });

  app.get('/v1/names/:name', (request, response) => {
    response.json(DnsAnswer.parse(answer(String(request.params.name))));
  });
  app.use('/v1/doubles', createDoublesApi(doubles));

  app.post('/v1/hosts/:id/start', async (request, response) => {
    response.json(schemas.hosts.parse(await objects.startHost(idOf(request))));
  });
  app.post('/v1/hosts/:id/stop', async (request, response) => {
    response.json(schemas.hosts.parse(await objects.stopHost(idOf(request))));
  });
  app.post('/v1/hosts/:id/restart', async (request, response) => {
    const { token } = HostRestart.parse(request.body);
    const fault = faults.strike('restartHost');
    if (fault === 'fail') throw new CloudRefusal('unavailable', 'the cloud refuses on purpose');
    const host = await objects.restartHost(idOf(request), token);
    if (fault === 'lose-reply') return void request.socket.destroy();
    response.json(schemas.hosts.parse(host));
  });
  app.get('/v1/hosts/:id/log', async (request, response) => {
    const { bytes } = LogQuery.parse(request.query);
    const { id } = objects.need('hosts', idOf(request));
    response.type('text/plain').send(await tail(processes.logFile(id), bytes));
  });

  app.get('/v1/faults', (_request, response) => {
    response.json(faults.view());
  });
  app.post('/v1/faults', (request, response) => {
    faults.set(Faults.parse(request.body));
    response.json(faults.view());
  });
  app.delete('/v1/faults', (_request, response) => {
    faults.clear();
    response.status(204).end();
  });
  app.get('/v1/rules', (_request, response) => {
    response.json(rules.view());
  });
  app.patch('/v1/rules', (request, response) => {
    rules.change(Rules.partial().parse(request.body));
    response.json(rules.view());
  });
  app.post('/v1/shutdown', async (_request, response) => {
    await processes.stopAll();
    response.json({ status: 'stopped' });
  });

  app.use((_request, _response) => {
    throw new CloudRefusal('not_found', 'no such call');
  });
  app.use(answerProblem(options.log));
  return app;

  /** The address of a name: by our own record or by one of an emulated cloud. */
  function answer(name: string): DnsAnswer {
    const [record] = objects.list('records', { name });
    if (record) return record;
    for (const double of doubles.values()) {
      const found = double.answer(name);
      if (found) return { address: `127.0.0.1:${found.ports[0] ?? discardPort}`, ttl: found.ttl };
    }
    throw new CloudRefusal('not_found', `no record ${name}`);
  }

  /** Waits as long as the fault says, or until it is cleared. */
  async function delayCall(): Promise<void> {
    const begun = monotonic();
    while (monotonic() - begun < (faults.behaviour().createHostMs ?? 0)) await delay(25);
  }

  function checkRoom(zone: string): void {
    if (!faults.behaviour().fullZones?.includes(zone)) return;
    throw new CloudRefusal('capacity', `zone ${zone} has no room for another host`);
  }

  function checkZone(name: string): void {
    if (!name.endsWith(`.${options.dnsZone}`)) {
      throw new CloudRefusal('invalid', `${name} is not in the zone ${options.dnsZone}`);
    }
  }
}

function requireToken(token: string): RequestHandler {
  const expected = Buffer.from(`Bearer ${token}`);
  return (request, _response, next) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new CloudRefusal('unauthorised', 'the bearer token is missing or wrong');
    }
    next();
  };
}

function answerProblem(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    if (error instanceof CloudRefusal) {
      response.status(error.status).json({ code: error.code, message: error.message });
    } else if (error instanceof z.ZodError) {
      response.status(400).json({ code: 'invalid', message: z.prettifyError(error) });
    } else if (isBodyError(error)) {
      response.status(400).json({ code: 'invalid', message: 'the body is not JSON of an accepted size' });
    } else {
      log.error({ err: error, method: request.method, path: request.path }, 'call failed');
      response.status(503).json({ code: 'unavailable', message: 'the cloud failed' });
    }
  };
}

function isBodyError(error: unknown): boolean {
  return error instanceof Error && 'type' in error && 'status' in error;
}

function idOf(request: Request): string {
  return String(request.params.id);
}

function splitTag(tag: string): [string, string] {
  const at = tag.indexOf('=');
  return [tag.slice(0, at), tag.slice(at + 1)];
}

/** The last bytes of a file; empty if the host has not written yet. */
async function tail(file: string, bytes: number): Promise<string> {
  if (!existsSync(file)) return '';
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(bytes, size));
    await handle.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8');
  } finally {
    await handle.close();
  }
}
