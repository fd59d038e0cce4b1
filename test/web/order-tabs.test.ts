import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { order, useApi } from '../support/api.ts';
import { until } from '../support/until.ts';
import { launchBrowser, openPage } from './support/browser.ts';

/** More tabs than the connections that a browser opens to one server over HTTP/1.1. */
const tabs = 7;
const timeoutMs = 60_000;

const api = useApi();
let browser: Browser;
/** Event streams that are open at the server. */
let streams = 0;

beforeAll(async () => {
  const { open } = api.deps.streams;
  api.deps.streams.open = (to, subject, after) => {
    streams += 1;
    to.response.on('close', () => {
      streams -= 1;
    });
    return open(to, subject, after);
  };
  browser = await launchBrowser();
}, timeoutMs);
afterAll(async () => {
  await browser?.close();
});

/** Tells the page that its tab is hidden or shown; a headless browser shows all of them. */
async function show(page: Page, visible: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, !visible);
}

/** The order's page; its link is that of the test's own server. */
async function placeOrder() {
  const { accepted, record } = await order(api);
  return { record, link: `${api.url}/orders/${accepted.id}?key=${accepted.capability}` };
}

test(
  'a hidden tab of the live page holds no connection; shown again, it says what happened meanwhile',
  async () => {
    const { record, link } = await placeOrder();
    const { page } = await openPage(browser);
    await page.goto(link);
    await until(() => streams === 1, { what: 'the page follows its order' });
    await show(page, false);
    await until(() => streams === 0, { what: 'the hidden page lets go' });

    const subject = { instanceId: record.instanceId, orderId: record._id, operationId: record.operationId };
    await api.store.orders.model.updateOne({ _id: record._id }, { $set: { declines: 2 } });
    await show(page, true);
    await until(() => streams === 1, { what: 'the page follows its order again' });
    await page.locator('#payment [role=alert]').waitFor();
    await api.store.orders.model.updateOne(
      { _id: record._id },
      { $set: { state: 'cancelled', reason: 'cancelled_by_customer', endedAt: new Date() } },
    );
    await api.store.timeline.append(subject, { type: 'order', state: 'cancelled', reason: 'cancelled_by_customer' });
    await page.getByRole('heading', { level: 1, name: 'This order was cancelled' }).waitFor();
    await until(() => streams === 0, { what: 'the page of an ended order lets go' });

    // Its other tabs, all shown, load too.
    const context = page.context();
    for (let tab = 2; tab <= tabs; tab += 1) {
      const other = await context.newPage();
      await other.goto(link, { timeout: 10_000 });
      await other.getByRole('heading', { level: 1, name: 'This order was cancelled' }).waitFor();
    }
    expect(streams).toBe(0);
    await context.close();
  },
  timeoutMs,
);

test(
  'the seventh tab of an open order loads while the others are hidden',
  async () => {
    const { link } = await placeOrder();
    const { page } = await openPage(browser);
    const context = page.context();
    await page.goto(link);
    let current = page;
    for (let tab = 2; tab <= tabs; tab += 1) {
      await show(current, false);
      current = await context.newPage();
      await current.goto(link, { timeout: 10_000 });
      await current.getByRole('heading', { level: 1, name: 'Waiting for your payment' }).waitFor();
    }
    await until(() => streams === 1, { what: 'only the shown tab follows the order' });
    await context.close();
  },
  timeoutMs,
);
