import express, { type ErrorRequestHandler, type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { CloudRefusal } from '../cloud/problem.ts';
import { type Double, type Ending, powers } from './double.ts';
import { ScriptedFault } from './fault-script.ts';
import { propertiesOf } from './object-area.ts';
import { DoubleRefusal } from './refusal.ts';
import type { DoubleObject } from './rule-table.ts';

/**
 * The HTTP API of the emulated clouds, for their providers and for tests: `/<cloud>/objects…` creates, reads, changes,
 * lists and deletes by type and id; a refusal is `{code, message}` with the cloud's own message.
 */

const Properties = z.record(z.string(), z.unknown());
const Create = z.strictObject({ type: z.string(), region: z.string(), inputs: Properties });
const Which = z.object({ type: z.string(), id: z.string() });
const ListQuery = z.object({ tag: z.string().includes('=').optional() });
const Power = z.strictObject({ type: z.string(), id: z.string(), how: z.enum(powers) });
const Invoke = z.strictObject({ token: z.string(), region: z.string(), args: Properties });

const shown = (object: DoubleObject) => ({
  ...{ type: object.type, id: object.id, region: object.region, createdAt: object.createdAt },
  ...{ inputs: object.inputs, properties: propertiesOf(object) },
});

/** Answers as scripted: normally, not at all, or so that the provider's process exits. */
function answer(response: Response, ending: Ending, status: number, body?: unknown): void {
  if (ending === 'lose-reply') response.socket?.destroy();
  else if (ending === 'crash') response.status(500).json({ code: 'crash', message: 'the provider is to end now' });
  else if (body === undefined) response.status(status).end();
  else response.status(status).json(body);
}

export function createDoublesApi(doubles: ReadonlyMap<string, Double>): Router {
  const api = Router();
  api.use(express.json({ limit: '1mb' }));

  function doubleOf(request: Request): Double {
    const double = doubles.get(String(request.params.cloud));
    if (!double) throw new CloudRefusal('not_found', `no double of ${request.params.cloud}`);
    return double;
  }

  api.post('/:cloud/objects', async (request, response) => {
    const { type, ...desired } = Create.parse(request.body);
    const { object, ending } = await doubleOf(request).create(type, desired);
    answer(response, ending, 201, shown(object));
  });
  api.get('/:cloud/objects', async (request, response) => {
    const { tag } = ListQuery.parse(request.query);
    const at = tag?.indexOf('=') ?? -1;
    const double = doubleOf(request);
    // Without a tag nothing is filtered: tests use this to check that nothing is left.
    const found = tag === undefined ? double.area.all() : await double.list([tag.slice(0, at), tag.slice(at + 1)]);
    response.json(found.map(shown));
  });
  api.get('/:cloud/object', async (request, response) => {
    const { type, id } = Which.parse(request.query);
    const object = await doubleOf(request).read(type, id);
    if (!object) throw new DoubleRefusal('not_found', doubleOf(request).table.words.missing({ type, id }));
    response.json(shown(object));
  });
  api.patch('/:cloud/object', async (request, response) => {
    const { type, id } = Which.parse(request.query);
    const { object, ending } = await doubleOf(request).change(type, id, Properties.parse(request.body));
    answer(response, ending, 200, shown(object));
  });
  api.delete('/:cloud/object', async (request, response) => {
    const { type, id } = Which.parse(request.query);
    answer(response, await doubleOf(request).remove(type, id, 'provider'), 204);
  });
  // As somebody at the cloud's console would.
  api.post('/:cloud/power', async (request, response) => {
    const { type, id, how } = Power.parse(request.body);
    const { ending, done } = await doubleOf(request).power(type, id, how);
    await done;
    answer(response, ending, 204);
  });
  api.post('/:cloud/invoke', async (request, response) => {
    const { token, region, args } = Invoke.parse(request.body);
    response.json(await doubleOf(request).invoke(token, args, { region }));
  });

  api.get('/:cloud/faults', (request, response) => {
    response.json(doubleOf(request).faults());
  });
  api.post('/:cloud/faults', (request, response) => {
    doubleOf(request).addFault(ScriptedFault.parse(request.body));
    response.json(doubleOf(request).faults());
  });
  api.delete('/:cloud/faults', (request, response) => {
    doubleOf(request).clearFaults();
    response.status(204).end();
  });

  const refuse: ErrorRequestHandler = (error, _request, response, next) => {
    if (!(error instanceof DoubleRefusal)) return next(error);
    response.status(error.status).json({ code: error.code, message: error.message });
  };
  api.use(refuse);
  return api;
}
