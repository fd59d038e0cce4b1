import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { FakeServer } from './fake-server.ts';

const fixture = (file: string) => readFile(join(import.meta.dirname, '../fixtures', file), 'utf8');
/** An untrusted authority; its certificate is for `localhost`. */
export const authority = await fixture('interceptor.pem');

export interface Served {
  url: string;
  headers: IncomingHttpHeaders[];
  close(): Promise<void>;
}

/** Serves on a real socket, optionally with TLS and the certificate of `authority`. */
export async function serve(listener: RequestListener, { tls = false } = {}): Promise<Served> {
  const headers: IncomingHttpHeaders[] = [];
  const counted: RequestListener = (request, response) => {
    headers.push(request.headers);
    listener(request, response);
  };
  const server = tls
    ? createTlsServer({ key: await fixture('interceptor-key.pem'), cert: authority }, counted)
    : createServer(counted);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    headers,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The fake server's answers, as a listener. */
export function answersOf(server: () => FakeServer): RequestListener {
  return async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const answer = await server().fetch(`http://any${request.url}`, { method: request.method ?? 'GET', body });
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
  };
}

/** A company proxy: opens a tunnel by CONNECT for authorised clients, and records the requested targets. */
export async function startProxy(allows: (authorization: string | undefined) => number = () => 200) {
  const asked: string[] = [];
  const ways = new Set<Duplex>();
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on('connect', (request, socket) => {
    const target = String(request.url);
    ways.add(socket);
    asked.push(target);
    const status = allows(request.headers['proxy-authorization']);
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const port = Number(target.split(':').at(-1));
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    authority: `127.0.0.1:${port}`,
    asked,
    close() {
      for (const way of ways) way.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}
