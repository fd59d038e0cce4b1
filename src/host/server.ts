import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { HostContract, HostHealth } from '../contracts/host-contract.ts';
import type { LicenceSnapshot } from '../licence/client/types.ts';
import { hostnameOf } from './web/hostname.ts';

interface ServerParts {
  contract: HostContract;
  /** Undefined until the licence client is loaded. */
  licence: () => LicenceSnapshot | undefined;
  /** The pages and the API; requests wait while they are loaded. */
  app: Promise<RequestListener>;
}

/** Answers `/healthz` from the first moment on, and everything else once the app is loaded. */
export function createHostServer({ contract, licence, app }: ServerParts): Server {
  let loaded: RequestListener | undefined;
  app.then(
    (listener) => {
      loaded = listener;
    },
    () => undefined,
  );

  function health(): HostHealth {
    const { state, revision } = licence() ?? { state: 'NONE' as const, revision: 0 };
    const status = state === 'LOCKED' ? 'locked' : state === 'NONE' || !loaded ? 'starting' : 'ok';
    return { status, instanceId: contract.instanceId, version: contract.productVersion, licence: { state, revision } };
  }

  function isHealthCheck(req: IncomingMessage): boolean {
    if (req.url !== '/healthz' || (req.method !== 'GET' && req.method !== 'HEAD')) return false;
    const hostname = hostnameOf(req);
    return hostname === '127.0.0.1' || contract.hostnames.includes(hostname);
  }

  return createServer((req, res) => {
    if (isHealthCheck(req)) {
      res.setHeader('Content-Type', 'application/json');
      res.setHeader('Cache-Control', 'no-store');
      res.setHeader('X-Content-Type-Options', 'nosniff');
      res.end(JSON.stringify(health()));
    } else if (loaded) {
      loaded(req, res);
    } else {
      app.then(
        (listener) => listener(req, res),
        () => res.destroy(),
      );
    }
  });
}
