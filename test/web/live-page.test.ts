import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { createFaults } from '../e2e/support/faults.ts';
import { delivered, findings, undone } from '../e2e/support/findings.ts';
import { administrator, buy, type Purchase } from '../e2e/support/purchase.ts';
import { shareWorld, timeoutMs } from '../e2e/support/world.ts';
import { accessibilityFaults, launchBrowser, openPage } from './support/browser.ts';

/** No webhook arrives on this platform: every payment here is known by a look-up alone. */
const world = shareWorld({ FREEHOLD_PAYMENT_READ_MS: '1000' });

const password = 'correct horse battery';
let browser: Browser;
let purchase: Purchase;

beforeAll(async () => {
  await createFaults(world()).stripe({ webhooks: { drop: true } });
  browser = await launchBrowser();
  purchase = await buy(world());
}, timeoutMs);
afterAll(async () => {
  await browser?.close();
});

/** Notes what the page shows while it changes; works beside the page's own policy. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen = { announced: [] as string[], percent: [] as number[], steps: [] as string[] };
    const note = <T>(list: T[], value: T | undefined) => {
      if (value !== undefined && list.at(-1) !== value) list.push(value);
    };
    const look = () => {
      note(seen.announced, document.querySelector('[aria-live=polite]')?.textContent || undefined);
      note(seen.percent, document.querySelector<HTMLProgressElement>('#bar')?.value);
      note(seen.steps, document.querySelector('[aria-current=step] .step-title')?.firstChild?.textContent ?? undefined);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    (window as unknown as { seen: typeof seen }).seen = seen;
  });
}

const seenOn = (page: Page) =>
  page.evaluate(
    () => (window as unknown as { seen: { announced: string[]; percent: number[]; steps: string[] } }).seen,
  );

describe('the live page of an order', () => {
  let page: Page;
  let complaints: string[];

  test(
    'opens by its link, keeps the secret out of the address, and waits for the payment',
    async () => {
      ({ page, complaints } = await openPage(browser));
      const { order, quote } = purchase;
      const response = await page.goto(order.links.page);
      expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(`/orders/${order.id}`);
      expect(response!.headers()['content-security-policy']).toMatch(/default-src 'none'.*script-src 'self'/);
      await page.getByRole('heading', { level: 1, name: 'Waiting for your payment' }).waitFor();
      expect(await page.locator('#head').textContent()).toContain(quote.subject.hostname);
      expect(await accessibilityFaults(page)).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'reads without JavaScript, and comes again by itself',
    async () => {
      const { page: plain, complaints: plainComplaints } = await openPage(browser, { javaScriptEnabled: false });
      await plain.goto(purchase.order.links.page);
      expect(await plain.getByRole('heading', { level: 1 }).textContent()).toBe('Waiting for your payment');
      expect(await plain.locator('#steps li').count()).toBe(9);
      expect(await plain.locator('noscript meta[http-equiv=refresh]').count()).toBe(1);
      expect(plainComplaints).toEqual([]);
      await plain.context().close();
    },
    timeoutMs,
  );

  test(
    'follows the order to ready: the bar grows, steps are announced, nothing is complained about',
    async () => {
      // A cloud that takes its time, as real ones do: else the build is over between two refreshes of the page.
      await createFaults(world()).cloud({ createHostMs: 1_500 });
      await watch(page);
      await purchase.pay();
      await page.getByRole('heading', { level: 1, name: 'Your server is ready' }).waitFor({ timeout: timeoutMs });
      await createFaults(world()).cloudWorks();
      const { announced, percent, steps } = await seenOn(page);
      expect(new Set(percent).size).toBeGreaterThanOrEqual(3);
      expect(percent).toEqual([...percent].sort((a, b) => a - b));
      expect(steps).toContain('Build the server');
      expect(announced.some((text) => text.includes('Build the server'))).toBe(true);
      expect(announced.at(-1)).toBe('Your server is ready.');
      expect(await page.title()).toContain('Your server is ready');
      expect(await purchase.end()).toMatchObject({ state: 'fulfilled' });
      await page.getByText('#define THINGER_SERVER').waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(complaints).toEqual([]);
      expect(await findings(world(), purchase)).toEqual(delivered(purchase));
    },
    timeoutMs,
  );

  test(
    'leads to the server, where its administrator signs up and another address is refused in words',
    async () => {
      await page.getByRole('link', { name: 'Open your server' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(new URL(page.url()).hostname).toBe(purchase.quote.subject.hostname);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(complaints).toEqual([]);

      await page.getByRole('link', { name: 'Create account' }).click();
      await signUp('eve@example.com');
      expect(await page.getByRole('alert').textContent()).toContain('not authorised');
      expect(await accessibilityFaults(page)).toEqual([]);
      // The browser notes the status of the refused form; nothing else may be on its list.
      expect(complaints.splice(0)).toEqual([expect.stringContaining('403')]);

      await signUp(administrator);
      await page.getByRole('heading', { level: 1, name: purchase.quote.subject.hostname }).waitFor();
      expect(await page.locator('main').textContent()).toContain('GROW');
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(complaints).toEqual([]);

      async function signUp(email: string): Promise<void> {
        await page.getByLabel('E-mail address').fill(email);
        await page.getByLabel('Password').fill(password);
        await page.getByRole('button', { name: 'Create account' }).click();
      }
    },
    timeoutMs,
  );

  test(
    'cancels an order without JavaScript, and says what happened, what was charged and who acts next',
    async () => {
      const other = await buy(world());
      const { page: plain, complaints: plainComplaints } = await openPage(browser, { javaScriptEnabled: false });
      await plain.goto(other.order.links.page);
      await plain.getByText('Cancel this order').click();
      expect(await plain.locator('#cancel').textContent()).toContain(
        'If you have paid meanwhile, it goes back in full.',
      );
      await plain.getByRole('button', { name: 'Cancel the order and remove everything' }).click();
      expect(await other.end()).toEqual({ state: 'cancelled', reason: 'cancelled_by_customer' });
      await plain.reload();
      expect(await plain.getByRole('heading', { level: 1 }).textContent()).toBe('This order was cancelled');
      const outcome = (await plain.locator('#outcome').textContent())!;
      for (const text of [
        'You cancelled this order.',
        'Nothing was charged.',
        'The name is free, you can order it again.',
      ])
        expect(outcome).toContain(text);
      expect(plainComplaints).toEqual([]);
      expect(await findings(world(), other)).toEqual(undone({ taken: 0 }));
    },
    timeoutMs,
  );

  test('shows an order to nobody without its link', async () => {
    const { page: stranger } = await openPage(browser);
    const response = await stranger.goto(`${world().platform.urls.api}/orders/${purchase.order.id}`);
    expect(response!.status()).toBe(401);
    expect(await stranger.locator('body').textContent()).not.toContain(purchase.quote.subject.hostname);
    expect(await accessibilityFaults(stranger)).toEqual([]);
  });
});
