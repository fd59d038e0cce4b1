import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { renderNotDelivered } from '../../src/mail/not-delivered.ts';
import { createSender } from '../../src/mail/sender.ts';
import { renderSignInCode } from '../../src/mail/sign-in-code.ts';
import { spawnMailbox } from '../emulators/mailbox/spawn-mailbox.ts';
import { order, quote, useApi } from '../support/api.ts';
import { overhang } from '../support/overhang.ts';
import { accessibilityFaults, launchBrowser, openPage } from './support/browser.ts';

const api = useApi();
const folder = mkdtempSync(join(tmpdir(), 'freehold-phone-'));
let mailbox: Awaited<ReturnType<typeof spawnMailbox>>;
let browser: Browser;

beforeAll(async () => {
  mailbox = await spawnMailbox(join(folder, 'mailbox.db'));
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await mailbox?.stop();
  rmSync(folder, { recursive: true });
});

const colours = ['light', 'dark'] as const;

/** A page, or the markup of a mail, on a phone or on a desk; what is wrong with it. */
async function faultsOf(what: string, width: number, colorScheme: (typeof colours)[number]): Promise<string[]> {
  const { page, complaints } = await openPage(browser, { viewport: { width, height: 740 }, colorScheme });
  try {
    await (what.startsWith('http') ? page.goto(what) : page.setContent(what));
    await page.locator('details:not([open]) > summary').evaluateAll((all) => {
      for (const summary of all) (summary.parentElement as HTMLDetailsElement).open = true;
    });
    if (process.env.SCREENSHOTS) {
      const name = `${(await page.title()).replaceAll(/\W+/g, '-')}-${width}-${colorScheme}.png`;
      await page.screenshot({ path: join(process.env.SCREENSHOTS, name), fullPage: true });
    }
    return [...(await overhang(page)), ...(await accessibilityFaults(page)), ...complaints];
  } finally {
    await page.context().close();
  }
}

describe.each([360, 1280])('on a screen of %d px', (width) => {
  test.each(colours)(
    'the live page of a ready server fits, in %s colours',
    async (colour) => {
      const name = `a${'w'.repeat(39)}`;
      const offer = await quote(api, { name });
      const { record, accepted } = await order(api, {
        quoteId: offer.id,
        signature: offer.signature,
        holdToken: offer.holdToken,
      });
      await api.store.orders.model.updateOne({ _id: record._id }, { state: 'fulfilled' });
      expect(await faultsOf(accepted.links.page.replace(/^http:..[^/]+/, api.url), width, colour)).toEqual([]);
      await api.store.holds.model.deleteMany({});
    },
    60_000,
  );

  test.each(colours)(
    'the reason codes fit, in %s colours',
    async (colour) => {
      expect(await faultsOf(`${api.url}/docs/problems`, width, colour)).toEqual([]);
    },
    60_000,
  );

  test.each(colours)(
    'mailbox and mails fit, in %s colours',
    async (colour) => {
      await fetch(`${mailbox.url}/messages`, { method: 'DELETE' });
      const send = createSender({ smtpUrl: mailbox.smtp, from: 'Freehold <hello@freehold.localhost>' }).send;
      const to = `${'a'.repeat(60)}@example.com`;
      const code = renderSignInCode({ code: '123456', validMs: 600_000 });
      const ended = renderNotDelivered({
        orderId: 'ord_0123456789abcdef',
        hostname: `${'w'.repeat(50)}.local.freehold.localhost`,
        reason: 'not_delivered',
        ...{ paid: 100, refunded: 100, removing: [], name: 'free' },
        currency: 'EUR',
        orderUrl: `${api.url}/orders/x`,
      });
      await send({ messageId: '<1@x>', to, ...code });
      await send({ messageId: '<2@x>', to, ...ended });
      const { messages } = (await (await fetch(`${mailbox.url}/messages`)).json()) as { messages: { id: number }[] };
      expect(await faultsOf(mailbox.url, width, colour)).toEqual([]);
      expect(await faultsOf(`${mailbox.url}/mails/${messages[0]?.id}?view=text`, width, colour)).toEqual([]);
      for (const { html } of [code, ended]) expect(await faultsOf(html, width, colour)).toEqual([]);
    },
    60_000,
  );
});

test('a subject can be pressed on a phone, and a new mail shows by itself', async () => {
  const { page } = await openPage(browser, { viewport: { width: 360, height: 740 } });
  await page.goto(mailbox.url);
  const send = createSender({ smtpUrl: mailbox.smtp, from: 'Freehold <hello@freehold.localhost>' }).send;
  const mail = { html: '<p>Hello</p>', text: 'Hello', to: 'ada@example.com' };
  const subject = 'Your private server is ready under a name that is rather long';
  await send({ ...mail, messageId: '<new@x>', subject });
  await page.getByRole('link', { name: subject }).click();
  await page.getByRole('heading', { level: 1, name: subject }).waitFor();
  await page.context().close();
});
