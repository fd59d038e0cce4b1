import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { createLog } from '../../src/runtime/log.ts';
import { openMessages } from './messages.ts';
import { createSmtpServer } from './smtp.ts';
import { createWeb } from './web.ts';

/**
 * The mailbox of the embedded platform: receives every mail over SMTP and shows it. Prints one line
 * `{"listening":"http://…","smtp":"smtp://…"}` when both ports are open.
 */
const Environment = z.object({
  /** 0 takes a free port. */
  MAILBOX_PORT: z.coerce.number().int().default(0),
  MAILBOX_SMTP_PORT: z.coerce.number().int().default(0),
  /** Path of the database file. */
  MAILBOX_DB: z.string(),
});
const environment = Environment.parse(process.env);

const log = createLog('mailbox');
const messages = openMessages(environment.MAILBOX_DB);
const smtp = createSmtpServer({ messages, log });
smtp.on('error', (error: Error) => log.warn({ err: error }, 'SMTP connection failed'));
smtp.listen(environment.MAILBOX_SMTP_PORT, '127.0.0.1');
const web = createServer(createWeb(messages));
web.listen(environment.MAILBOX_PORT, '127.0.0.1');
await Promise.all([once(smtp.server, 'listening'), once(web, 'listening')]);

const portOf = (address: AddressInfo | string | null) => (address as AddressInfo).port;
const listening = `http://127.0.0.1:${portOf(web.address())}`;
const smtpUrl = `smtp://127.0.0.1:${portOf(smtp.server.address())}`;
process.stdout.write(`${JSON.stringify({ listening, smtp: smtpUrl })}\n`);

function stop() {
  web.close();
  web.closeAllConnections();
  smtp.close(() => {
    messages.close();
    process.exit(0);
  });
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
