import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { productLinks } from '../../src/mail/product-links.ts';
import { renderReady } from '../../src/mail/ready.ts';
import { createSender } from '../../src/mail/sender.ts';
import { spawnMailbox } from '../emulators/mailbox/spawn-mailbox.ts';

const folder = mkdtempSync(join(tmpdir(), 'freehold-sender-'));
let mailbox: Awaited<ReturnType<typeof spawnMailbox>>;
const from = 'Freehold <hello@freehold.localhost>';

beforeAll(async () => {
  mailbox = await spawnMailbox(join(folder, 'mailbox.db'));
});
beforeEach(async () => {
  await fetch(`${mailbox.url}/messages`, { method: 'DELETE' });
});
afterAll(async () => {
  await mailbox.stop();
  rmSync(folder, { recursive: true });
});

const mail = {
  messageId: '<ord_0123456789abcdef-ready@freehold.localhost>',
  to: 'Ada@example.com',
  ...renderReady({
    hostname: 'acme.local.freehold.localhost',
    url: 'https://acme.local.freehold.localhost/',
    adminEmail: 'Ada@example.com',
    plan: 'GROW',
    extendedSupport: true,
    links: productLinks({ FREEHOLD_PUBLIC_URL: 'http://127.0.0.1:4600', FREEHOLD_BASE_DOMAIN: 'freehold.localhost' }),
    payment: undefined,
  }),
};

const setFault = (code: number, times: number) =>
  fetch(`${mailbox.url}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code, times }),
  });
const received = async () => {
  const answer = await fetch(`${mailbox.url}/messages?to=ada@example.com`);
  return ((await answer.json()) as { messages: { id: number; messageId: string; subject: string }[] }).messages;
};

test('a mail arrives with its id, subject and both bodies', async () => {
  await createSender({ smtpUrl: mailbox.smtp, from }).send(mail);
  const [summary] = await received();
  expect(summary).toMatchObject({ messageId: mail.messageId, subject: mail.subject, to: ['ada@example.com'] });
  const message = (await (await fetch(`${mailbox.url}/messages/${summary?.id}`)).json()) as {
    html: string;
    text: string;
    headers: Record<string, string>;
  };
  expect(message.html.trim()).toBe(mail.html.trim());
  expect(message.text.trim()).toBe(mail.text.trim());
  expect(message.headers['auto-submitted']).toBe('auto-generated');
});

test('4xx is mail_unavailable and a second try arrives', async () => {
  const sender = createSender({ smtpUrl: mailbox.smtp, from });
  await setFault(451, 1);
  await expect(sender.send(mail)).rejects.toMatchObject({ code: 'mail_unavailable' });
  await sender.send(mail);
  expect(await received()).toHaveLength(1);
});

test('5xx is mail_refused and its detail names no address', async () => {
  await setFault(550, 1);
  const sender = createSender({ smtpUrl: mailbox.smtp, from });
  const refusal = await sender.send(mail).catch((error: unknown) => error as { code: string; detail: string });
  expect(refusal).toMatchObject({ code: 'mail_refused', detail: expect.stringContaining('550') });
  // A cause would be logged with the relay's own words.
  expect((refusal as unknown as Error).cause).toBeUndefined();
  expect(refusal?.detail.toLowerCase()).not.toContain('ada@');
});

test.each([
  'info@xn--80aswg.xn--p1ai',
  'sales&billing@example.com',
  'a/b@example.com',
  'user%corp@example.com',
  "o'brien@example.com",
  '{!#$*+=?^_`|}~@example.com',
])('%s gets its mail under exactly this address', async (to) => {
  await createSender({ smtpUrl: mailbox.smtp, from }).send({ ...mail, to });
  const answer = await fetch(`${mailbox.url}/messages?to=${encodeURIComponent(to)}`);
  const { messages } = (await answer.json()) as { messages: { id: number; to: string[] }[] };
  expect(messages).toMatchObject([{ to: [to] }]);
  const message = await (await fetch(`${mailbox.url}/messages/${messages[0]?.id}`)).json();
  expect(message).toMatchObject({ headers: { to } });
});

test('a relay that is away is mail_unavailable', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const sender = createSender({ smtpUrl: `smtp://127.0.0.1:${port}`, from });
  await expect(sender.send(mail)).rejects.toMatchObject({ code: 'mail_unavailable' });
});

test('one address stays one recipient, whatever it holds', async () => {
  const sender = createSender({ smtpUrl: mailbox.smtp, from });
  await sender.send({ ...mail, to: 'ada@example.com, eve@example.com' }).catch(() => undefined);
  const answer = await fetch(`${mailbox.url}/messages?to=eve@example.com`);
  expect(await answer.json()).toEqual({ messages: [] });
});
