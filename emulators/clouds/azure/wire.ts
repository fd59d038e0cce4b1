import express, { type ErrorRequestHandler, type Request, type Response, Router } from 'express';
import { catalogue } from '../../../src/domain/catalogue/catalogue-data.ts';
import { azureActions } from '../../../src/stacks/azure/permissions.ts';
import type { Double } from '../double.ts';
import { propertiesOf } from '../object-area.ts';
import { createOperations } from '../operations.ts';
import { DoubleRefusal } from '../refusal.ts';
import type { DoubleObject } from '../rule-table.ts';
import { readSnapshot } from '../snapshots.ts';
import { azureError } from './error-texts.ts';
import { subscription } from './rules.ts';
import { accessToken, identityHeader } from './table.ts';
import { armTypes, type TypeName, types } from './types.ts';

/**
 * Azure's resource manager itself, for the few calls that our inventory and our look at the cloud make: lists of groups, of
 * what is in them, of subnets, records and backups, reading and deleting one object by its id, and the power of machines,
 * whose operations have to be asked about. Beside it the endpoint
 * at which Azure gives an application the token of its identity.
 */

const nameOfType = new Map(Object.entries(types).map(([name, token]) => [token as string, name as TypeName]));
const isGroup = ({ type }: DoubleObject) => type === types.group;
const typeAtAzure = ({ type }: DoubleObject) => {
  const name = nameOfType.get(type);
  return name === undefined || name === 'group' ? 'Microsoft.Resources/resourceGroups' : armTypes[name];
};
/** Parts of other objects, which lists of groups leave out. */
const isPart = (object: DoubleObject) => typeAtAzure(object).split('/').length > 2;

const shown = (object: DoubleObject) => ({
  id: object.id,
  name: object.id.split('/').at(-1),
  type: typeAtAzure(object),
  ...(object.inputs.location === undefined ? {} : { location: object.inputs.location }),
  ...(object.inputs.tags === undefined ? {} : { tags: object.inputs.tags }),
  properties: propertiesOf(object),
});

const blobSignature = 'signature-of-the-double';

export function createAzureWire(double: Double): Router {
  const wire = Router();

  wire.get('/identity', (request, response) => {
    if (request.headers['x-identity-header'] !== identityHeader) {
      throw new DoubleRefusal('invalid', azureError(401, 'InvalidHeader', 'The identity header is wrong.'));
    }
    const expires_on = String(Math.floor(Date.now() / 1_000) + 86_400);
    response.json({ access_token: accessToken, expires_on, resource: request.query.resource, token_type: 'Bearer' });
  });

  // A blob of the boot diagnostics: its address is the permission to read it.
  wire.get('/boot-diagnostics/:blob', (request, response) => {
    if (request.query.sig !== blobSignature) return void response.status(403).type('application/xml').end();
    const id = Buffer.from(request.params.blob, 'base64url').toString();
    const console = double.consoleOf(id);
    response.status(console === '' ? 404 : 200);
    response.type('text/plain').send(console);
  });

  wire.use((request, response, next) => {
    if (request.headers.authorization === `Bearer ${accessToken}`) return next();
    const error = { code: 'InvalidAuthenticationToken', message: 'The access token is invalid.' };
    response.status(401).json({ error });
  });

  const scope = `/subscriptions/${subscription}`;
  const list = (response: Response, value: unknown[]) => void response.json({ value });

  wire.get(scope, (_request, response) => {
    response.json({ id: scope, subscriptionId: subscription, displayName: 'double of Azure' });
  });
  wire.get(`${scope}/providers/Microsoft.Authorization/permissions`, (_request, response) => {
    list(response, [{ actions: azureActions, notActions: [] }]);
  });
  wire.get(`${scope}/providers/Microsoft.Compute/skus`, (_request, response) => {
    const sizes = Object.values(catalogue.clouds.find(({ name }) => name === 'azure')?.sizes ?? {});
    list(
      response,
      sizes.map((name) => ({ name, resourceType: 'virtualMachines', restrictions: [] })),
    );
  });

  wire.get(`${scope}/resourcegroups`, async (request, response) => {
    const [, key = '', value] = /^tagName eq '([^']+)'(?: and tagValue eq '([^']+)')?$/.exec(filterOf(request)) ?? [];
    if (key === '')
      throw new DoubleRefusal('invalid', azureError(400, 'InvalidFilterInQueryString', filterOf(request)));
    const fits = (object: DoubleObject) => {
      const tag = double.table.tagsOf(object)[key];
      return tag !== undefined && (value === undefined || tag === value);
    };
    list(response, (await double.list()).filter((object) => isGroup(object) && fits(object)).map(shown));
  });
  wire.get(`${scope}/resourceGroups/:group/resources`, async (request, response) => {
    const isIn = ({ id }: DoubleObject) => id.startsWith(`${scope}/resourceGroups/${request.params.group}/providers/`);
    const found = (await double.list()).filter((object) => isIn(object) && !isPart(object));
    list(
      response,
      found.map((object) => ({ ...shown(object), createdTime: new Date(object.createdAt).toISOString() })),
    );
  });

  const snapshots = `${scope}/resourceGroups/:group/providers/Microsoft.Compute/snapshots`;
  wire.get(snapshots, async (request, response) => {
    const found = (await double.list()).filter(
      ({ type, inputs }) => type === types.snapshot && inputs.resourceGroupName === request.params.group,
    );
    const value = found.map((object) => {
      const provisioningState = readSnapshot(double, object) ? 'Succeeded' : 'Creating';
      const timeCreated = new Date(object.createdAt).toISOString();
      return { ...shown(object), properties: { ...propertiesOf(object), provisioningState, timeCreated } };
    });
    list(response, value);
  });
  wire.put(`${snapshots}/:name`, express.json({ limit: '64kb' }), async (request, response) => {
    const { location, tags, properties } = request.body as { location: string; tags: object; properties: object };
    const { group: resourceGroupName, name: snapshotName } = request.params;
    const inputs = { resourceGroupName, snapshotName, location, tags, ...properties };
    const { object } = await double.create(types.snapshot, { region: location, inputs });
    response.status(202).json(shown(object));
  });

  const machine = `${scope}/resourceGroups/:group/providers/Microsoft.Compute/virtualMachines/:name`;
  const operations = createOperations();
  wire.get(`${machine}/instanceView`, (request, response) => {
    const { id } = existing(request.path.replace(/\/instanceView$/, ''));
    const code = `PowerState/${double.isOn(id) ? 'running' : 'deallocated'}`;
    response.json({ statuses: [{ code: 'ProvisioningState/succeeded' }, { code }] });
  });
  wire.post(`${machine}/retrieveBootDiagnosticsData`, (request, response) => {
    const { id } = existing(request.path.replace(/\/\w+$/, ''));
    const base = `${request.protocol}://${request.headers.host}${request.baseUrl}/boot-diagnostics`;
    const blob = `${base}/${Buffer.from(id).toString('base64url')}?sig=${blobSignature}`;
    response.json({ consoleScreenshotBlobUri: `${blob}&screenshot=true`, serialConsoleLogBlobUri: blob });
  });
  const powers = { restart: 'reboot', start: 'on', deallocate: 'off' } as const;
  wire.post(`${machine}/:verb`, async (request, response, next) => {
    const { verb } = request.params;
    if (verb !== 'restart' && verb !== 'start' && verb !== 'deallocate') return next();
    const { type, id, inputs } = existing(request.path.replace(/\/\w+$/, ''));
    if (verb === 'restart' && !double.isOn(id)) {
      const sentence = 'Cannot restart a virtual machine that is not running.';
      throw new DoubleRefusal('invalid', azureError(409, 'OperationNotAllowed', sentence));
    }
    const { ending, done } = await double.power(type, id, powers[verb]);
    if (ending === 'lose-reply') return void response.socket?.destroy();
    const place = `${scope}/providers/Microsoft.Compute/locations/${String(inputs.location)}/operations`;
    const base = `${request.protocol}://${request.headers.host}${request.baseUrl}${place}`;
    const url = `${base}/${operations.begin(done)}?api-version=${String(request.query['api-version'])}`;
    response.set({ 'azure-asyncoperation': url, location: `${url}&monitor=true`, 'retry-after': '10' });
    response.status(202).end();
  });
  wire.get(`${scope}/providers/Microsoft.Compute/locations/:location/operations/:id`, (request, response) => {
    const { id } = request.params;
    const isRunning = operations.isRunning(id);
    if (isRunning === null) throw new DoubleRefusal('not_found', azureError(404, 'NotFound', `no operation ${id}`));
    response.json({ name: id, status: isRunning ? 'InProgress' : 'Succeeded' });
  });

  // Whatever else has an id: one object, or the list of an object's parts of a kind.
  wire.get('/*id', async (request, response) => {
    const id = request.path;
    const object = find(id);
    if (object) return void response.json(shown(object));
    const parent = id.slice(0, id.lastIndexOf('/'));
    if (!find(parent)) throw new DoubleRefusal('not_found', double.table.words.missing({ type: 'Resource', id }));
    const isBelow = (each: DoubleObject) => each.id.startsWith(`${id}/`) && !each.id.slice(id.length + 1).includes('/');
    list(response, (await double.list()).filter(isBelow).map(shown));
  });
  wire.delete('/*id', async (request, response) => {
    const object = find(request.path);
    if (!object) return void response.status(204).end();
    await double.remove(object.type, object.id, 'wire');
    response.status(202).end();
  });

  function existing(id: string): DoubleObject {
    const object = find(id);
    if (!object) throw new DoubleRefusal('not_found', double.table.words.missing({ type: 'Resource', id }));
    return object;
  }

  function find(id: string): DoubleObject | undefined {
    return Object.values(types)
      .map((type) => double.area.world.find(type, id))
      .find((object) => object !== null);
  }

  const refuse: ErrorRequestHandler = (error, _request, response, next) => {
    if (!(error instanceof DoubleRefusal)) return next(error);
    const [, status = error.status, code = 'InternalServerError', message = error.message] =
      /^Status=(\d+) Code="([^"]+)" Message="(.*)"$/s.exec(error.message) ?? [];
    response.status(Number(status)).json({ error: { code, message } });
  };
  wire.use(refuse);
  return wire;
}

const filterOf = (request: Request) => String(request.query.$filter ?? '');
