import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Log } from '../../src/runtime/log.ts';
import type { Authority } from './authority.ts';
import type { Zone } from './zone.ts';

const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding']);
const answerMs = 120_000;

/**
 * TLS for every name of the zone, and forwarding to the host's address. A name without a record gets no TLS handshake;
 * for a host that is down, a page says so.
 */
export function createProxy(options: { zone: Zone; authority: Authority; log: Log }): Server {
  const { zone, authority, log } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });

  async function contextOf(name: string) {
    if (!(await zone.find(name))) throw new Error(`no record for ${name}`);
    return authority.contextOf(name.toLowerCase());
  }

  const server = createServer({
    SNICallback: (name, done) => {
      contextOf(name).then(
        (context) => done(null, context),
        (error) => done(error instanceof Error ? error : new Error(String(error))),
      );
    },
  });
  server.on('tlsClientError', (error, socket) => {
    log.debug({ err: error }, 'TLS refused');
    socket.destroy();
  });

  /** The address of the host named in a request's headers. */
  async function targetOf(incoming: IncomingMessage): Promise<{ hostname: string; port: string; name: string } | null> {
    const name = (incoming.headers.host ?? '').replace(/:\d+$/, '');
    const record = await zone.find(name);
    const [hostname, port] = record?.address.split(':') ?? [];
    return hostname && port ? { hostname, port, name } : null;
  }

  function forwarded(incoming: IncomingMessage): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(incoming.headers)) {
      if (value !== undefined && !hopByHop.has(name)) headers[name] = value;
    }
    headers['x-forwarded-for'] = incoming.socket.remoteAddress ?? '';
    headers['x-forwarded-proto'] = 'https';
    headers['x-forwarded-host'] = incoming.headers.host ?? '';
    return headers;
  }

  server.on('request', async (incoming, response) => {
    try {
      const target = await targetOf(incoming);
      if (!target) return refuse(response, 404, 'There is no server under this name.');
      const { method, url: path } = incoming;
      const { hostname, port } = target;
      const call = request({ hostname, port, method, path, agent, headers: forwarded(incoming), timeout: answerMs });
      call.on('timeout', () => call.destroy(new Error(`no answer within ${answerMs / 1000} s`)));
      call.on('error', (error: NodeJS.ErrnoException) => {
        if (response.headersSent) response.destroy();
        else refuse(response, 502, `The server ${target.name} does not answer (${error.code ?? error.message}).`);
      });
      call.on('response', (answer) => {
        const headers = Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name));
        response.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers));
        answer.pipe(response);
      });
      response.on('close', () => call.destroy());
      incoming.pipe(call);
    } catch (error) {
      log.error({ err: error }, 'request failed');
      refuse(response, 502, 'The router could not look this name up.');
    }
  });

  server.on('upgrade', async (incoming, client: Duplex, head) => {
    client.on('error', () => client.destroy());
    const target = await targetOf(incoming).catch(() => null);
    if (!target) return client.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n');
    const { hostname, port } = target;
    const headers = { ...forwarded(incoming), connection: 'upgrade' };
    const call = request({ hostname, port, method: incoming.method, path: incoming.url, headers });
    call.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n'));
    call.on('response', () => client.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n'));
    call.on('upgrade', (answer, host, first) => {
      const lines = answer.rawHeaders.flatMap((name, at, all) => (at % 2 === 0 ? [`${name}: ${all[at + 1]}`] : []));
      client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      if (first.length > 0) client.write(first);
      if (head.length > 0) host.write(head);
      host.on('error', () => client.destroy());
      host.on('close', () => client.destroy());
      client.on('close', () => host.destroy());
      host.pipe(client).pipe(host);
    });
    call.end();
  });

  return server;
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}
