import express, { type RequestHandler, type Response, Router } from 'express';
import { signIn, signUp } from '../actions/accounts.ts';
import { addDevice, deviceOf, ownReadings, readingsOf, removeDevice, takeReading } from '../actions/devices.ts';
import type { Asking } from '../actions/guards.ts';
import {
  addBrand,
  addDomain,
  addPlugin,
  addUser,
  removeBrand,
  removeDomain,
  removePlugin,
  removeUser,
} from '../actions/manage.ts';
import type { Host } from '../host.ts';
import { hostState, show } from '../state.ts';
import type { Limiters } from './rate-limits.ts';
import { beginSession, endSession, requireSameSite, visitOf } from './session.ts';

type Account = Awaited<ReturnType<typeof signIn>>;

/** `/api`: the same actions as the pages, in JSON. */
export function apiRoutes(host: Host, limiters: Limiters): Router {
  const router = Router();
  const json = express.json({ limit: '16kb', strict: true });
  const noStore: RequestHandler = (_req, res, next) => {
    res.setHeader('Cache-Control', 'no-store');
    next();
  };
  router.use(noStore, requireSameSite);
  // A logo is sent as base64.
  router.use('/brands', express.json({ limit: '128kb', strict: true }));
  router.use(json);

  const enter = (res: Response, status: number, { user, token }: Account) => {
    beginSession(res, token);
    res.status(status).json({ user: show.user(host, user) });
  };
  router.post('/sign-up', limiters.signUp, async (req, res) => enter(res, 201, await signUp(host, req.body)));
  router.post('/sign-in', limiters.signIn, async (req, res) => enter(res, 200, await signIn(host, req.body)));
  router.post('/sign-out', (_req, res) => {
    endSession(host, res);
    res.status(204).end();
  });
  router.get('/state', (_req, res) => {
    res.json(hostState(host, visitOf(res).user));
  });

  const add = (path: string, work: (asking: Asking, input: unknown) => object) =>
    router.post(path, (req, res) => {
      res.status(201).json(work(visitOf(res).user, req.body));
    });
  const remove = (path: string, work: (host: Host, asking: Asking, id: string) => void) =>
    router.delete(path, (req, res) => {
      work(host, visitOf(res).user, String(req.params.id));
      res.status(204).end();
    });

  add('/users', (asking, input) => show.user(host, addUser(host, asking, input)));
  remove('/users/:id', removeUser);
  add('/domains', (asking, input) => show.domain(addDomain(host, asking, input)));
  remove('/domains/:id', removeDomain);
  add('/brands', (asking, input) => show.brand(addBrand(host, asking, input)));
  remove('/brands/:id', removeBrand);
  add('/plugins', (asking, input) => show.plugin(addPlugin(host, asking, input)));
  remove('/plugins/:id', removePlugin);
  add('/devices', (asking, input) => {
    const { device, credential } = addDevice(host, asking, input);
    return { ...show.device(device), credential, endpoint: `/v1/devices/${device.id}/readings` };
  });
  remove('/devices/:id', removeDevice);
  router.get('/devices/:id/readings', (req, res) => {
    const device = deviceOf(host, visitOf(res).user, req.params.id);
    const page = readingsOf(host, visitOf(res).user, device.id, req.query);
    res.json({ device: show.device(device), ...show.readings(page) });
  });
  return router;
}

/** `/v1`: what devices call, with their own credential and no session. */
export function deviceRoutes(host: Host): Router {
  const router = Router();
  router.get('/devices/:id/readings', (req, res) => {
    const call = { deviceId: String(req.params.id), authorization: req.get('Authorization') };
    const page = ownReadings(host, call, req.query);
    res.setHeader('Cache-Control', 'no-store');
    res.json(show.readings(page));
  });
  router.post('/devices/:id/readings', express.json({ limit: '16kb', strict: true }), async (req, res) => {
    await takeReading(host, {
      deviceId: String(req.params.id),
      authorization: req.get('Authorization'),
      body: req.body,
    });
    res.status(202).json({ stored: true });
  });
  return router;
}
