import express, { type ErrorRequestHandler, type Express } from 'express';
import { z } from 'zod';
import type { Messages } from './messages.ts';
import { listPage, listScript, messagePage } from './page.ts';

const Fault = z.strictObject({
  code: z.union([z.literal(451), z.literal(550)]),
  times: z.number().int().min(0),
  to: z.string().optional(),
});
const To = z.string().optional().catch(undefined);

/** Headers of the frame that shows a mail: it may use styles and open links elsewhere, nothing more. */
const framePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups; frame-ancestors 'self'";

/**
 * The mailbox over HTTP: pages for people at `/`, JSON for tests at `/messages`, faults at `/faults`. Only requests
 * addressed to this machine are answered, because the mails contain sign-in codes.
 */
export function createWeb(messages: Messages): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((request, response, next) => {
    if (['127.0.0.1', 'localhost'].includes(request.hostname)) return next();
    response.status(421).json({ error: 'this mailbox answers on loopback names only' });
  });
  app.use(express.json({ limit: '16kb' }));

  app.get('/health', (_request, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/', (request, response) => {
    const to = To.parse(request.query.to);
    response.set(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'",
    );
    response.type('html').send(listPage(messages.list(to), to));
  });
  app.get('/list.js', (_request, response) => {
    response.type('text/javascript').send(listScript);
  });
  app.get('/mails/:id', (request, response) => {
    const message = messages.get(Number(request.params.id));
    if (!message) return void response.status(404).type('text').send('No such mail.\n');
    response.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'");
    response.type('html').send(messagePage(message, request.query.view === 'text' || message.html === ''));
  });
  app.get('/mails/:id/html', (request, response) => {
    const message = messages.get(Number(request.params.id));
    if (!message) return void response.status(404).type('text').send('No such mail.\n');
    response.set('Content-Security-Policy', framePolicy).type('html').send(message.html);
  });

  app.get('/messages', (request, response) => {
    response.json({ messages: messages.list(To.parse(request.query.to)) });
  });
  app.get('/messages/:id', (request, response) => {
    const message = messages.get(Number(request.params.id));
    if (!message) return void response.status(404).json({ error: 'no such mail' });
    response.json(message);
  });
  app.delete('/messages', (_request, response) => {
    messages.clear();
    response.status(204).end();
  });
  app.post('/faults', (request, response) => {
    const fault = Fault.safeParse(request.body);
    if (!fault.success) return void response.status(422).json({ error: z.prettifyError(fault.error) });
    messages.setFault(fault.data);
    response.status(204).end();
  });

  const onError: ErrorRequestHandler = (error, _request, response, _next) => {
    const status = typeof error.status === 'number' ? error.status : 500;
    response.status(status).json({ error: status < 500 ? error.message : 'internal error' });
  };
  app.use(onError);
  return app;
}
