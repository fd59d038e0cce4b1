import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Log } from '../../../src/runtime/log.ts';
import type { ApiAnswer, ApiRequest } from './api.ts';

/** The answer of an emulator page or control. */
export interface PageAnswer {
  status: number;
  headers?: Record<string, string>;
  body: string | Buffer;
}

/** Every answer says that this is not Stripe. */
const emulatorName = 'Freehold-Stripe-Emulator';
const emulatorHeaders = { server: emulatorName, 'x-stripe-emulator': emulatorName };

const maximumBodyBytes = 1_000_000;

const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, DELETE',
  'access-control-allow-headers': 'authorization, content-type, stripe-version, idempotency-key',
  'access-control-expose-headers': 'request-id, idempotent-replayed',
  'access-control-max-age': '300',
};

/**
 * The HTTP server: `/v1/…` is Stripe's API, which browsers of any origin may call, like Stripe's; `/emulator/…` are the
 * emulator's own pages and controls, which other origins may not call.
 */
export function createHttpServer({
  api,
  pages,
  log,
}: {
  api: (request: ApiRequest) => Promise<ApiAnswer>;
  pages: (request: ApiRequest) => PageAnswer;
  log: Log;
}): Server {
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const url = new URL(incoming.url ?? '/', 'http://emulator');
    const isApi = url.pathname.startsWith('/v1/');
    if (isApi && incoming.method === 'OPTIONS') {
      response.writeHead(204, { ...emulatorHeaders, ...cors }).end();
      return;
    }
    const body = await bodyOf(incoming);
    if (body === null) {
      response.writeHead(413, { ...emulatorHeaders, connection: 'close' }).end();
      return;
    }
    const request: ApiRequest = {
      method: incoming.method ?? 'GET',
      path: url.pathname,
      query: url.search.slice(1),
      headers: incoming.headers as Record<string, string | undefined>,
      body,
    };
    if (isApi) {
      const { status, headers, body: text } = await api(request);
      response
        .writeHead(status, { ...emulatorHeaders, ...cors, 'content-type': 'application/json', ...headers })
        .end(text);
      return;
    }
    const page = pages(request);
    response
      .writeHead(page.status, { ...emulatorHeaders, 'x-frame-options': 'SAMEORIGIN', ...page.headers })
      .end(page.body);
  };
  return createServer((incoming, response) => {
    answer(incoming, response).catch((error) => {
      log.error({ err: error, path: incoming.url }, 'request broke');
      if (!response.headersSent) response.writeHead(500, { ...emulatorHeaders, 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { type: 'api_error', message: 'The emulator broke.' } }));
    });
  });
}

async function bodyOf(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maximumBodyBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
