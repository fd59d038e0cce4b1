import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LicenceStandIn {
  url: string;
  adminToken: string;
  /** Paths of the calls so far, with their bodies. */
  calls: { path: string; body: unknown }[];
  stop(): Promise<void>;
}

/** The two calls of the licence server that a stack's `up` makes, and nothing else. */
export async function startLicenceStandIn(): Promise<LicenceStandIn> {
  const adminToken = 'token-of-the-licence-server';
  const calls: LicenceStandIn['calls'] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const body = text === '' ? null : JSON.parse(text);
    calls.push({ path: request.url ?? '', body });
    response.setHeader('content-type', 'application/json');
    if (request.url === '/.well-known/license-keys.json') {
      return void response.end(JSON.stringify({ keys: [{ kty: 'OKP', kid: 'one' }] }));
    }
    if (request.headers.authorization !== `Bearer ${adminToken}`) {
      response.statusCode = 401;
      return void response.end('{}');
    }
    const token = createHmac('sha256', 'k').update(`${text}`).digest('base64url');
    response.end(JSON.stringify({ enrollmentToken: `enr_${token}` }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    adminToken,
    calls,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
