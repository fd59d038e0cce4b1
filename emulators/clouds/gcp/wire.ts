import express, { type ErrorRequestHandler, type Request, Router } from 'express';
import type { Double } from '../double.ts';
import { createOperations } from '../operations.ts';
import { DoubleRefusal } from '../refusal.ts';
import type { DoubleObject } from '../rule-table.ts';
import { readSnapshot } from '../snapshots.ts';
import { gcpError, gcpErrorTexts } from './error-texts.ts';
import { linkBase, project, text } from './rules.ts';
import { accessToken } from './table.ts';
import { types } from './types.ts';

/**
 * The interfaces of Google Cloud themselves, for the calls of inventory, snapshots, restarts and the look at what is
 * configured: Compute Engine, Cloud DNS, resource manager. Deletes and restarts of Compute Engine answer an
 * operation that is running, whose end has to be asked for.
 */

/** Type of each collection of Compute Engine. */
const collections: Readonly<Record<string, string>> = {
  networks: types.network,
  subnetworks: types.subnet,
  firewalls: types.firewall,
  addresses: types.address,
  disks: types.disk,
  instances: types.instance,
  resourcePolicies: types.snapshots,
  snapshots: types.snapshot,
  instanceGroups: types.group,
  healthChecks: types.healthCheck,
  backendServices: types.service,
  forwardingRules: types.forwardingRule,
};

function typeOf(collection: unknown): string {
  const type = collections[text(collection)];
  if (!type) throw new DoubleRefusal('invalid', gcpError(400, `the double has no ${text(collection)}`, 'invalid'));
  return type;
}

/** `zones/…`, `regions/…` or `global`, where an object of Compute Engine is. */
const scopeOf = ({ id }: DoubleObject) => id.split('/').slice(2, -2).join('/');

export function createGcpWire(double: Double): Router {
  const wire = Router();
  wire.use(express.json({ limit: '256kb' }));
  wire.use((request, _response, next) => {
    if (request.headers.authorization !== `Bearer ${accessToken}`) {
      throw new DoubleRefusal('invalid', gcpError(401, 'Request had invalid authentication credentials.', 'authError'));
    }
    next();
  });

  function find(type: string, id: string): DoubleObject {
    const object = double.area.world.find(type, id);
    if (!object) throw new DoubleRefusal('not_found', gcpErrorTexts.missing({ type, id }));
    return object;
  }

  function shown(object: DoubleObject): object {
    const { name, description, labels } = object.inputs;
    const { world } = double.area;
    const common = {
      ...{ name, description, labels, selfLink: linkBase + object.id },
      creationTimestamp: new Date(object.createdAt).toISOString(),
    };
    switch (object.type) {
      case types.disk: {
        const schedules = world
          .list(types.schedule)
          .filter(({ inputs }) => inputs.disk === name && inputs.zone === object.inputs.zone);
        const region = text(object.inputs.zone).replace(/-[a-z]$/, '');
        const resourcePolicies = schedules.map(
          ({ inputs }) => `${linkBase}projects/${project}/regions/${region}/resourcePolicies/${text(inputs.name)}`,
        );
        return { ...common, resourcePolicies };
      }
      case types.instance: {
        const attached = world.list(types.attachedDisk).filter(({ inputs }) => inputs.instance === object.id);
        const disks = attached.map(({ inputs }) => ({
          deviceName: inputs.deviceName,
          source: linkBase + text(inputs.disk),
        }));
        const status = double.isOn(object.id) ? 'RUNNING' : 'TERMINATED';
        return { ...common, status, disks: [{ deviceName: 'persistent-disk-0', source: `${linkBase}boot` }, ...disks] };
      }
      case types.snapshot: {
        const status = readSnapshot(double, object) ? 'READY' : 'UPLOADING';
        return { ...common, sourceDisk: linkBase + text(object.inputs.sourceDisk), status };
      }
      default:
        return common;
    }
  }

  /** Objects of a type that match the one supported filter: `name eq <regular expression>`. */
  async function listed(type: string, { query }: Request): Promise<DoubleObject[]> {
    const [, pattern] = /^name eq (\S+)$/.exec(text(query.filter)) ?? [];
    if (!pattern) throw new DoubleRefusal('invalid', gcpError(400, 'Invalid list filter expression.', 'invalid'));
    const names = new RegExp(`^(?:${pattern})$`);
    return (await double.list()).filter((object) => object.type === type && names.test(text(object.inputs.name)));
  }

  const compute = '/compute/v1/projects/:project';
  wire.get(`${compute}/aggregated/:collection`, async (request, response) => {
    const { collection } = request.params;
    const found = await listed(typeOf(collection), request);
    const scopes = [...new Set(found.map(scopeOf))];
    const items = Object.fromEntries(
      scopes.map((scope) => [scope, { [collection]: found.filter((each) => scopeOf(each) === scope).map(shown) }]),
    );
    response.json({ items });
  });
  wire.get(`${compute}/global/:collection`, async (request, response) => {
    response.json({ items: (await listed(typeOf(request.params.collection), request)).map(shown) });
  });

  const prefix = 'operation-';
  const running = { name: `${prefix}double`, status: 'RUNNING' };
  const operations = createOperations();
  wire.get([`${compute}/global/operations/:name`, `${compute}/:scope/:place/operations/:name`], (request, response) => {
    const name = String(request.params.name);
    const isRunning = operations.isRunning(name.replace(prefix, '')) ?? false;
    response.json({ name, status: isRunning ? 'RUNNING' : 'DONE' });
  });
  wire.get(`${compute}/zones/:zone/instances/:name`, (request, response) => {
    response.json(shown(find(types.instance, request.path.replace('/compute/v1/', ''))));
  });
  wire.get(`${compute}/zones/:zone/instances/:name/serialPort`, (request, response) => {
    const { id } = find(types.instance, request.path.replace('/compute/v1/', '').replace(/\/serialPort$/, ''));
    const contents = double.consoleOf(id);
    const next = String(Buffer.byteLength(contents));
    response.json({ kind: 'compute#serialPortOutput', contents, start: '0', next });
  });
  /** Operations by the id that their callers gave them: a repeat gets the first one's, and nothing is done again. */
  const requested = new Map<string, object>();
  wire.post(`${compute}/zones/:zone/instances/:name/:verb`, async (request, response, next) => {
    const { verb } = request.params;
    if (verb !== 'reset' && verb !== 'start' && verb !== 'stop') return next();
    const id = request.path.replace('/compute/v1/', '').replace(/\/\w+$/, '');
    const requestId = text(request.query.requestId);
    const known = requested.get(requestId);
    if (known) return void response.json(known);
    find(types.instance, id);
    if (verb === 'reset' && !double.isOn(id)) {
      throw new DoubleRefusal('invalid', gcpError(400, `The resource '${id}' is not ready`, 'resourceNotReady'));
    }
    const how = { reset: 'reset', start: 'on', stop: 'off' } as const;
    const { ending, done } = await double.power(types.instance, id, how[verb]);
    const operation = { ...running, name: prefix + operations.begin(done) };
    if (requestId !== '') requested.set(requestId, operation);
    if (ending === 'lose-reply') return void response.socket?.destroy();
    response.json(operation);
  });
  wire.delete(
    [`${compute}/global/:collection/:name`, `${compute}/:scope/:place/:collection/:name`],
    async (request, response) => {
      const { collection } = request.params;
      const id = request.path.replace('/compute/v1/', '');
      find(typeOf(collection), id);
      await double.remove(typeOf(collection), id, 'wire');
      response.json(running);
    },
  );
  wire.post(`${compute}/zones/:zone/instances/:name/detachDisk`, async (request, response) => {
    const instance = request.path.replace('/compute/v1/', '').replace(/\/detachDisk$/, '');
    const { deviceName } = request.query;
    const isMeant = ({ inputs }: DoubleObject) => inputs.instance === instance && inputs.deviceName === deviceName;
    const attachment = double.area.world.list(types.attachedDisk).find(isMeant);
    const sentence = `No attached disk found with device name '${text(deviceName)}'`;
    if (!attachment) throw new DoubleRefusal('invalid', gcpError(400, sentence, 'invalid'));
    await double.remove(types.attachedDisk, attachment.id, 'wire');
    response.json(running);
  });
  wire.post(`${compute}/zones/:zone/disks/:name/createSnapshot`, async (request, response) => {
    const sourceDisk = request.path.replace('/compute/v1/', '').replace(/\/createSnapshot$/, '');
    find(types.disk, sourceDisk);
    const { name, labels } = request.body as { name: string; labels: Record<string, string> };
    await double.create(types.snapshot, { region: '', inputs: { name, labels, sourceDisk } });
    response.json(running);
  });
  wire.post(`${compute}/zones/:zone/disks/:name/removeResourcePolicies`, async (request, response) => {
    const { zone, name } = request.params;
    const { resourcePolicies } = request.body as { resourcePolicies: string[] };
    for (const policy of resourcePolicies) {
      const id = [project, zone, name, policy.split('/').at(-1)].join('/');
      find(types.schedule, id);
      await double.remove(types.schedule, id, 'wire');
    }
    response.json(running);
  });

  wire.post(`${compute}/zones/:zone/instanceGroups/:name/listInstances`, (request, response) => {
    const group = request.path.replace('/compute/v1/', '').replace(/\/listInstances$/, '');
    find(types.group, group);
    const members = double.area.world.list(types.member).filter(({ id }) => id.startsWith(`${group}/`));
    response.json({ items: members.map(({ inputs: { instance } }) => ({ instance, status: 'RUNNING' })) });
  });
  wire.post(`${compute}/zones/:zone/instanceGroups/:name/removeInstances`, async (request, response) => {
    const group = request.path.replace('/compute/v1/', '').replace(/\/removeInstances$/, '');
    for (const { instance } of (request.body as { instances: { instance: string }[] }).instances) {
      const id = `${group}/${instance.split('/').at(-1)}`;
      find(types.member, id);
      await double.remove(types.member, id, 'wire');
    }
    response.json(running);
  });

  // Every machine type everywhere; missing ones are scripted as faults.
  wire.get(`${compute}/regions/:region`, (request, response) => {
    const { region } = request.params;
    const zones = ['a', 'b', 'c'].map((letter) => `${linkBase}projects/${project}/zones/${region}-${letter}`);
    response.json({ name: region, zones });
  });
  wire.get(`${compute}/zones/:zone/machineTypes`, ({ query }, response) => {
    const names = [...text(query.filter).matchAll(/name = ([\w-]+)/g)].map(([, name]) => ({ name }));
    response.json({ items: names });
  });

  const rrsets = '/dns/v1/projects/:project/managedZones/:zone/rrsets';
  wire.get(rrsets, async (request, response) => {
    const records = (await double.list()).filter(
      ({ type, inputs }) => type === types.record && inputs.managedZone === request.params.zone,
    );
    response.json({
      rrsets: records.map(({ inputs: { name, type, ttl, rrdatas } }) => ({ name, type, ttl, rrdatas })),
    });
  });
  wire.delete(`${rrsets}/:name/:type`, async (request, response) => {
    const id = request.path.replace('/dns/v1/', '');
    find(types.record, id);
    await double.remove(types.record, id, 'wire');
    response.json({});
  });

  wire.get('/manager/v1/projects/:project', (request, response) => {
    response.json({ projectId: request.params.project, lifecycleState: 'ACTIVE' });
  });
  // The token's owner may do everything.
  wire.post('/manager/v1/projects/:call', (request, response) => {
    const { permissions } = request.body as { permissions: string[] };
    response.json({ permissions });
  });

  const refuse: ErrorRequestHandler = (error, _request, response, next) => {
    if (!(error instanceof DoubleRefusal)) return next(error);
    const [, status = '400', message = error.message, reason = ''] =
      /googleapi: Error (\d+): (.*), (\w+)$/.exec(error.message) ?? [];
    const errors = [{ message, domain: 'global', reason }];
    response.status(Number(status)).json({ error: { code: Number(status), message, errors } });
  };
  wire.use(refuse);
  return wire;
}
