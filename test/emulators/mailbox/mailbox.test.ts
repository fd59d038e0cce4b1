import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createSender } from '../../../src/mail/sender.ts';
import { spawnMailbox } from './spawn-mailbox.ts';

let folder: string;
let mailbox: Awaited<ReturnType<typeof spawnMailbox>>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-mailbox-'));
  mailbox = await spawnMailbox(join(folder, 'mailbox.db'));
});
afterEach(async () => {
  await mailbox.stop();
  rmSync(folder, { recursive: true });
});

const send = (to: string, subject = 'Hello') =>
  createSender({ smtpUrl: mailbox.smtp, from: 'Freehold <hello@freehold.localhost>' }).send({
    messageId: `<${to}-${subject}@freehold.localhost>`.replaceAll(' ', ''),
    to,
    subject,
    html: '<p>Hello</p><script>alert(1)</script>',
    text: 'Hello in text',
  });
const messages = async (query = '') =>
  ((await (await fetch(`${mailbox.url}/messages${query}`)).json()) as { messages: { id: number; subject: string }[] })
    .messages;

test('lists newest first, by address, and forgets on DELETE', async () => {
  await send('ada@example.com', 'first');
  await send('bob@example.com', 'second');
  expect((await messages()).map(({ subject }) => subject)).toEqual(['second', 'first']);
  expect((await messages('?to=ADA@example.com')).map(({ subject }) => subject)).toEqual(['first']);
  expect((await fetch(`${mailbox.url}/messages`, { method: 'DELETE' })).status).toBe(204);
  expect(await messages()).toEqual([]);
});

test('keeps mails and faults over a crash', async () => {
  await send('ada@example.com');
  await fetch(`${mailbox.url}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"code":550,"times":1}',
  });
  await mailbox.stop('SIGKILL');
  mailbox = await spawnMailbox(join(folder, 'mailbox.db'));
  expect(await messages()).toHaveLength(1);
  await expect(send('ada@example.com')).rejects.toMatchObject({ code: 'mail_refused' });
  await send('ada@example.com', 'after');
  expect(await messages()).toHaveLength(2);
});

test('shows a mail as HTML in a sandboxed frame, and as text', async () => {
  await send('ada@example.com', 'A <b>subject</b>');
  const [message] = await messages();
  const list = await (await fetch(`${mailbox.url}/`)).text();
  expect(list).toContain('A &lt;b&gt;subject&lt;/b&gt;');
  const page = await (await fetch(`${mailbox.url}/mails/${message?.id}`)).text();
  expect(page).toMatch(/<iframe[^>]+sandbox="allow-popups"/);
  const inner = await fetch(`${mailbox.url}/mails/${message?.id}/html`);
  expect(inner.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
  const text = await (await fetch(`${mailbox.url}/mails/${message?.id}?view=text`)).text();
  expect(text).toContain('Hello in text');
});

test('refuses wrong faults, unknown mails and foreign host names', async () => {
  const wrong = await fetch(`${mailbox.url}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"code":200,"times":1}',
  });
  expect(wrong.status).toBe(422);
  expect((await fetch(`${mailbox.url}/messages/99`)).status).toBe(404);
  const { port } = new URL(mailbox.url);
  const status = await new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: '/messages', headers: { host: 'evil.example' } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(421);
});
