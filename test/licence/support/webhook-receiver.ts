import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { EventBody } from '../../../src/licence/protocol/events.ts';

export interface Received {
  path: string;
  id: string;
  headers: IncomingHttpHeaders;
  raw: string;
  body: EventBody;
}

/** A webhook receiver: answers 204, or what a test says, and keeps everything received. */
export async function startReceiver() {
  const received: Received[] = [];
  let answer = (_received: Received, response: ServerResponse): void => {
    response.writeHead(204).end();
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString('utf8');
    const id = String(request.headers['webhook-id']);
    const one = {
      path: String(request.url),
      id,
      headers: request.headers,
      raw,
      body: EventBody.parse(JSON.parse(raw)),
    };
    received.push(one);
    answer(one, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    port,
    received,
    url: (path = '/hook') => `http://127.0.0.1:${port}${path}`,
    answerWith(next: typeof answer) {
      answer = next;
    },
    /** All events about a licence, in order of arrival. */
    of: (licenseId: string) => received.filter(({ body }) => body.data.licenseId === licenseId),
    typesOf: (licenseId: string) =>
      received.filter(({ body }) => body.data.licenseId === licenseId).map(({ body }) => body.type),
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Whether the signature is made with this secret, according to the library of Standard Webhooks. */
export function isSignedWith(secret: string, { raw, headers }: Received): boolean {
  try {
    new Webhook(secret).verify(raw, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
