import { type Request, type RequestHandler, type Response, Router } from 'express';
import { signIn, signUp } from '../../actions/accounts.ts';
import { addDevice, deviceOf, readingsOf, removeDevice } from '../../actions/devices.ts';
import type { Asking } from '../../actions/guards.ts';
import {
  addBrand,
  addDomain,
  addPlugin,
  addUser,
  removeBrand,
  removeDomain,
  removePlugin,
  removeUser,
} from '../../actions/manage.ts';
import type { Host } from '../../host.ts';
import { HostError, hostReasons } from '../../reasons.ts';
import type { Limiters } from '../rate-limits.ts';
import { beginSession, endSession, requireCsrf, visitOf } from '../session.ts';
import { assetRoutes } from './assets.ts';
import { sendDevicePage, sendNewDevicePage } from './device.ts';
import { multipartFields, plainForm } from './form-body.ts';
import { pageFor } from './layout.ts';
import { sendReadingsFile } from './readings-file.ts';
import type { SectionName } from './section-context.ts';
import { sendCreateAccountPage, sendSignInPage } from './sign-in.ts';
import { sendStartPage } from './start.ts';

type Form = Record<string, string>;

/** How many readings the page of a device shows. */
const readingsShown = 20;

/** The pages: plain HTML that works without a script. Every form is answered by a redirect or by its page again. */
export function pageRoutes(host: Host, limiters: Limiters): Router {
  const router = Router();
  router.use(assetRoutes(host));

  router.get('/', (req, res) => {
    if (!visitOf(res).user) return res.redirect(303, '/sign-in');
    sendStartPage(pageFor(host, req, res));
  });

  const entry = (
    path: '/sign-in' | '/create-account',
    { send, enter }: { send: typeof sendSignInPage; enter: typeof signIn },
  ) => {
    router.get(path, (req, res) => {
      if (visitOf(res).user) return res.redirect(303, '/');
      send(pageFor(host, req, res));
    });
    const limiter = path === '/sign-in' ? limiters.signIn : limiters.signUp;
    router.post(path, limiter, plainForm, async (req, res) => {
      const form = (req.body ?? {}) as Form;
      try {
        requireCsrf(host, res, form.csrf);
        const { token } = await enter(host, form);
        beginSession(res, token);
        res.redirect(303, '/');
      } catch (error) {
        const refusal = refusalOf(error);
        send(pageFor(host, req, res), { email: String(form.email ?? ''), error: refusal, status: statusOf(refusal) });
      }
    });
  };
  entry('/sign-in', { send: sendSignInPage, enter: signIn });
  entry('/create-account', { send: sendCreateAccountPage, enter: signUp });

  router.post('/sign-out', plainForm, (req, res) => {
    requireCsrf(host, res, (req.body as Form | undefined)?.csrf);
    endSession(host, res);
    res.redirect(303, '/sign-in');
  });

  /** Handles a form; a refusal shows the start page again with the reason and the entered values. */
  const answer = async (
    req: Request,
    res: Response,
    { section, form, work }: { section: SectionName; form: Form; work: (asking: Asking) => void },
  ) => {
    try {
      requireCsrf(host, res, form.csrf);
      work(visitOf(res).user);
    } catch (error) {
      const refusal = refusalOf(error);
      if (!visitOf(res).user) return res.redirect(303, '/sign-in');
      const { csrf: _csrf, logo: _logo, ...typed } = form;
      return sendStartPage(pageFor(host, req, res), {
        refused: { section, error: refusal, typed },
        status: statusOf(refusal),
      });
    }
  };

  const section = (
    name: Exclude<SectionName, 'devices'>,
    change: {
      add: (host: Host, asking: Asking, input: unknown) => unknown;
      remove: (host: Host, asking: Asking, id: string) => void;
    },
  ) => {
    const one = name.slice(0, -1);
    const read: RequestHandler[] = name === 'brands' ? [] : [plainForm];
    router.post(`/${name}`, ...read, async (req, res) => {
      const form = name === 'brands' ? await multipartFields(req) : ((req.body ?? {}) as Form);
      await answer(req, res, {
        section: name,
        form,
        work: (asking) => {
          change.add(host, asking, form);
          res.redirect(303, `/?done=${one}-added#${name}`);
        },
      });
    });
    router.post(`/${name}/:id/remove`, plainForm, async (req, res) => {
      await answer(req, res, {
        section: name,
        form: { csrf: String((req.body as Form | undefined)?.csrf ?? '') },
        work: (asking) => {
          change.remove(host, asking, String(req.params.id));
          res.redirect(303, `/?done=${one}-removed#${name}`);
        },
      });
    });
  };
  section('users', { add: addUser, remove: removeUser });
  section('domains', { add: addDomain, remove: removeDomain });
  section('brands', { add: addBrand, remove: removeBrand });
  section('plugins', { add: addPlugin, remove: removePlugin });

  router.post('/devices', plainForm, async (req, res) => {
    const form = (req.body ?? {}) as Form;
    await answer(req, res, {
      section: 'devices',
      form,
      work: (asking) => sendNewDevicePage(pageFor(host, req, res), addDevice(host, asking, form)),
    });
  });
  router.post('/devices/:id/remove', plainForm, async (req, res) => {
    await answer(req, res, {
      section: 'devices',
      form: { csrf: String((req.body as Form | undefined)?.csrf ?? '') },
      work: (asking) => {
        removeDevice(host, asking, String(req.params.id));
        res.redirect(303, '/?done=device-removed#devices');
      },
    });
  });
  router.get('/devices/:id', (req, res) => {
    const { user } = visitOf(res);
    if (!user) return res.redirect(303, '/sign-in');
    const device = deviceOf(host, user, req.params.id);
    const { before } = req.query;
    const readings = readingsOf(host, user, device.id, { limit: readingsShown, before });
    sendDevicePage(pageFor(host, req, res), { device, readings, first: before === undefined });
  });
  router.get('/devices/:id/readings.csv', async (req, res) => {
    const { user } = visitOf(res);
    if (!user) return res.redirect(303, '/sign-in');
    await sendReadingsFile(host, res, deviceOf(host, user, req.params.id));
  });
  return router;
}

/** The refusal of a form; any other error goes on to the error handler. */
function refusalOf(error: unknown): HostError {
  if (error instanceof HostError) return error;
  throw error;
}

function statusOf({ code }: HostError): number {
  return hostReasons[code];
}
