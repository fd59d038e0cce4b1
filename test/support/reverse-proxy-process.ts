import { once } from 'node:events';
import { createServer, ServerResponse } from 'node:http';
import { createProxyServer } from 'http-proxy-3';
import { listeningUrl } from '../../src/runtime/listening-url.ts';

/**
 * A reverse proxy as a process: forwards every request to the address in its first argument, and adds the address of
 * its client to `X-Forwarded-For`. Prints its own address; ends with its standard input.
 */
const [target] = process.argv.slice(2);
if (!target) throw new Error('the address to forward to is missing');

const proxy = createProxyServer({ target, xfwd: true });
// The server behind is away, or broke the connection off: the client learns both.
proxy.on('error', (_error, _request, answer) => {
  if (!(answer instanceof ServerResponse) || answer.headersSent) answer.destroy();
  else answer.writeHead(502, { 'content-type': 'text/plain' }).end('Bad gateway\n');
});
// Nor does a client wait for the rest of an answer whose server has died.
proxy.on('proxyRes', (upstream, _request, response) => {
  upstream.on('close', () => {
    if (!upstream.complete) response.destroy();
  });
});
const server = createServer((request, response) => proxy.web(request, response)).listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`${JSON.stringify({ listening: listeningUrl(server) })}\n`);

process.stdin.resume();
await once(process.stdin, 'close');
process.exit();
