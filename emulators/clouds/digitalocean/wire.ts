import express, { type ErrorRequestHandler, type Request, Router } from 'express';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import type { Double } from '../double.ts';
import { createOperations } from '../operations.ts';
import { DoubleRefusal } from '../refusal.ts';
import type { DoubleObject } from '../rule-table.ts';
import { readSnapshot } from '../snapshots.ts';
import { digitaloceanError } from './error-texts.ts';
import { text } from './rules.ts';
import { doubleToken } from './table.ts';
import { types } from './types.ts';

/**
 * DigitalOcean's API v2 itself, for the few calls that inventory, snapshots and restarts make. Lists have pages as there,
 * and a droplet does one action at a time.
 */

type Shape = (object: DoubleObject, double: Double) => object;

const createdAt = ({ createdAt: ms }: DoubleObject) => new Date(ms).toISOString();
const named: Shape = (object) => ({ id: object.id, name: text(object.inputs.name), created_at: createdAt(object) });
/** The machines that an object is linked to. */
const at = ({ area }: Double, link: string, property: string, id: string) =>
  area.world
    .list(link)
    .filter(({ inputs }) => inputs[property] === id)
    .map(({ inputs }) => Number(inputs.dropletId));

const lists: Readonly<Record<string, { type: string; shape: Shape }>> = {
  vpcs: { type: types.network, shape: named },
  firewalls: { type: types.firewall, shape: named },
  load_balancers: { type: types.balancer, shape: named },
  tags: { type: types.tag, shape: ({ inputs }) => ({ name: text(inputs.name) }) },
  droplets: {
    type: types.droplet,
    shape: (object) => ({ id: Number(object.id), tags: object.inputs.tags ?? [], created_at: createdAt(object) }),
  },
  volumes: {
    type: types.volume,
    shape: (object, double) => ({
      ...{ id: object.id, tags: object.inputs.tags ?? [], created_at: createdAt(object) },
      region: { slug: text(object.inputs.region) },
      droplet_ids: at(double, types.volumeAttachment, 'volumeId', object.id),
    }),
  },
  reserved_ips: {
    type: types.address,
    shape: (object, double) => {
      const [droplet] = at(double, types.addressAssignment, 'ipAddress', object.id);
      const region = { slug: text(object.inputs.region) };
      return { ip: object.id, droplet: droplet === undefined ? null : { id: droplet }, region };
    },
  },
};
const recordShape: Shape = ({ id, inputs }) => ({
  ...{ id: Number(id), type: text(inputs.type), name: text(inputs.name), data: text(inputs.value) },
});

/** Every size that is sold, in every region. */
function offered(): object[] {
  const { sizes, regions } = catalogue.clouds.find(({ name }) => name === 'digitalocean')!;
  const slugs = [...new Set(Object.values(sizes))];
  return slugs.map((slug) => ({ slug, available: true, regions: regions.map(({ name }) => name) }));
}

export function createDigitaloceanWire(double: Double): Router {
  const wire = Router();
  wire.use(express.json({ limit: '64kb' }));
  wire.use((request, _response, next) => {
    if (request.headers.authorization !== `Bearer ${doubleToken}`) {
      throw new DoubleRefusal('invalid', digitaloceanError(request.method, '', 401, 'Unable to authenticate you'));
    }
    next();
  });

  function page(request: Request, member: string, objects: object[]): object {
    const size = Number(request.query.per_page ?? 20);
    const number = Number(request.query.page ?? 1);
    const isLast = number * size >= objects.length;
    const pages = isLast ? {} : { next: `${request.path}?page=${number + 1}&per_page=${size}` };
    const shown = objects.slice((number - 1) * size, number * size);
    return { [member]: shown, links: { pages }, meta: { total: objects.length } };
  }

  wire.get('/v2/account', (_request, response) => {
    response.json({ account: { uuid: '00000000-0000-4000-8000-000000000000', email: 'double@freehold.localhost' } });
  });
  wire.get('/v2/sizes', (request, response) => {
    response.json(page(request, 'sizes', offered()));
  });
  // What an account has and our stacks do not make: there is none of it.
  for (const name of ['certificates', 'domains', 'images', 'regions']) {
    wire.get(`/v2/${name}`, (request, response) => {
      response.json(page(request, name, []));
    });
  }

  const snapshotShape: Shape = (object) => ({
    ...{ id: object.id, name: text(object.inputs.name), created_at: createdAt(object), resource_type: 'volume' },
    ...{ resource_id: text(object.inputs.volumeId), tags: object.inputs.tags ?? [] },
  });
  wire.get('/v2/snapshots', async (request, response) => {
    const found = (await double.list()).filter(({ type }) => type === types.snapshot);
    // A snapshot in progress is not listed yet.
    const complete = found.filter((object) => readSnapshot(double, object));
    const shown = complete.map((object) => snapshotShape(object, double));
    response.json(page(request, 'snapshots', shown));
  });
  wire.delete('/v2/snapshots/:id', async (request, response) => {
    await double.remove(types.snapshot, existing(types.snapshot, request.params.id), 'wire');
    response.status(204).end();
  });
  wire.post('/v2/volumes/:id/snapshots', async (request, response) => {
    const { inputs: volume, id: volumeId } = double.area.need(types.volume, request.params.id);
    const { name, tags } = request.body as { name: string; tags: string[] };
    const desired = { region: text(volume.region), inputs: { volumeId, name, tags } };
    const { object } = await double.create(types.snapshot, desired);
    response.status(201).json({ snapshot: snapshotShape(object, double) });
  });

  const collection = '/v2/:collection';
  wire.get(collection, async (request, response, next) => {
    const { collection: name } = request.params;
    const list = lists[name];
    if (!list) return next();
    const { tag_name: tag } = request.query;
    const found = (await double.list()).filter(
      ({ type, inputs }) =>
        type === list.type &&
        (tag === undefined || ((inputs.tags as string[] | undefined) ?? []).includes(String(tag))),
    );
    const shown = found.map((object) => list.shape(object, double));
    response.json(page(request, name, shown));
  });
  wire.delete('/v2/:collection/:id', async (request, response, next) => {
    const list = lists[request.params.collection];
    if (!list) return next();
    await double.remove(list.type, existing(list.type, request.params.id), 'wire');
    response.status(204).end();
  });

  wire.post('/v2/volumes/:id/actions', async (request, response) => {
    const { type, droplet_id: droplet } = request.body as { type?: string; droplet_id?: number };
    if (type !== 'detach') {
      throw new DoubleRefusal('invalid', digitaloceanError('POST', types.volume, 422, 'only detach is known'));
    }
    const links = double.area.world
      .list(types.volumeAttachment)
      .filter(({ inputs }) => inputs.volumeId === request.params.id && Number(inputs.dropletId) === droplet);
    for (const { id } of links) await double.remove(types.volumeAttachment, id, 'wire');
    response.status(202).json({ action: { status: 'completed', type } });
  });

  const operations = createOperations();
  const actions: { id: number; droplet: string; type: string; isRunning: boolean }[] = [];
  const powers = { power_cycle: 'reset', power_on: 'on', power_off: 'off', reboot: 'reboot' } as const;
  const isLocked = (id: string) => actions.some(({ droplet, isRunning }) => droplet === id && isRunning);
  const actionShape = ({ id, droplet, type, isRunning }: (typeof actions)[number]) => ({
    ...{ id, type, status: isRunning ? 'in-progress' : 'completed' },
    ...{ resource_id: Number(droplet), resource_type: 'droplet' },
  });
  /** An action as the cloud shows it; it has completed when its work is done. */
  const readAction = (action: (typeof actions)[number]) => {
    action.isRunning &&= operations.isRunning(String(action.id)) ?? false;
    return actionShape(action);
  };
  wire.get('/v2/droplets/:id', (request, response) => {
    const id = existing(types.droplet, request.params.id);
    const status = double.isOn(id) ? 'active' : 'off';
    response.json({ droplet: { id: Number(id), status, locked: isLocked(id) } });
  });
  wire.post('/v2/droplets/:id/actions', async (request, response) => {
    const droplet = existing(types.droplet, request.params.id);
    const { type = '' } = request.body as { type?: string };
    const how = Object.entries(powers).find(([name]) => name === type)?.[1];
    if (!how) throw new DoubleRefusal('invalid', digitaloceanError('POST', types.droplet, 422, `no action ${type}`));
    if (isLocked(droplet)) {
      const sentence = 'Droplet already has a pending event.';
      throw new DoubleRefusal('invalid', digitaloceanError('POST', types.droplet, 422, sentence));
    }
    const { ending, done } = await double.power(types.droplet, droplet, how);
    const action = { id: Number(operations.begin(done)), droplet, type, isRunning: true };
    actions.unshift(action);
    if (ending === 'lose-reply') return void response.socket?.destroy();
    response.status(201).json({ action: actionShape(action) });
  });
  wire.get('/v2/droplets/:id/actions', (request, response) => {
    const found = actions.filter(({ droplet }) => droplet === request.params.id);
    response.json(page(request, 'actions', found.map(actionShape)));
  });
  wire.get('/v2/actions', (request, response) => {
    response.json(page(request, 'actions', actions.map(actionShape)));
  });
  wire.get('/v2/actions/:id', (request, response) => {
    const action = actions.find(({ id }) => String(id) === request.params.id);
    if (!action) throw new DoubleRefusal('not_found', double.table.words.missing({ type: 'Action', id: '' }));
    response.json({ action: readAction(action) });
  });

  const records = '/v2/domains/:domain/records';
  wire.get(records, async (request, response) => {
    const found = (await double.list()).filter(
      ({ type, inputs }) => type === types.record && inputs.domain === request.params.domain,
    );
    const shown = found.map((object) => recordShape(object, double));
    response.json(page(request, 'domain_records', shown));
  });
  wire.delete(`${records}/:id`, async (request, response) => {
    await double.remove(types.record, existing(types.record, request.params.id), 'wire');
    response.status(204).end();
  });

  function existing(type: string, id: string): string {
    if (double.area.world.find(type, id)) return id;
    throw new DoubleRefusal('not_found', double.table.words.missing({ type, id }));
  }

  wire.use((request) => {
    throw new DoubleRefusal(
      'not_found',
      digitaloceanError(request.method, '', 404, 'the double does not know this call'),
    );
  });
  const refuse: ErrorRequestHandler = (error, _request, response, next) => {
    if (!(error instanceof DoubleRefusal)) return next(error);
    const [, status = '422', message = error.message] = /: (\d{3}) \(request "[^"]*"\) (.*)$/.exec(error.message) ?? [];
    response.status(Number(status)).json({ id: error.code, message });
  };
  wire.use(refuse);
  return wire;
}
