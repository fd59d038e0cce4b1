import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type LicenceWorld, startLicenceWorld } from '../licence/support/licence-server.ts';
import { useApi } from '../support/api.ts';
import { overhang } from '../support/overhang.ts';
import { accessibilityFaults, launchBrowser, openPage } from './support/browser.ts';

/** The pages that describe the calls of the API and of the licence server. */

const api = useApi();
let licences: LicenceWorld;
let browser: Browser;
const servers = {
  api: () => ({ url: api.url, document: '/v1/openapi.json' }),
  'licence server': () => ({ url: licences.url(), document: '/openapi.json' }),
};
const names = ['api', 'licence server'] as const;

beforeAll(async () => {
  licences = await startLicenceWorld();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await licences?.stop();
});

const looks = [
  { width: 1280, colorScheme: 'light' },
  { width: 360, colorScheme: 'dark' },
] as const;

describe.each(names)('the reference of the %s', (name) => {
  test.each(looks)(
    'is accessible, fits $width px in $colorScheme colours and loads nothing from elsewhere',
    async ({ width, colorScheme }) => {
      const { url } = servers[name]();
      const { page, complaints } = await openPage(browser, { viewport: { width, height: 800 }, colorScheme });
      const requested: string[] = [];
      page.on('request', (request) => requested.push(request.url()));
      await page.goto(`${url}/docs`);
      await picture(page, `${name}-${width}-${colorScheme}`);
      await page.locator('details:not([open]) > summary').evaluateAll((all) => {
        for (const summary of all) (summary.parentElement as HTMLDetailsElement).open = true;
      });
      await picture(page, `${name}-${width}-${colorScheme}-open`);
      expect(requested.filter((each) => !each.startsWith(`${url}/`))).toEqual([]);
      expect([...(await overhang(page)), ...(await accessibilityFaults(page)), ...complaints]).toEqual([]);
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(paper).toBe(colorScheme === 'dark' ? 'rgb(20, 24, 28)' : 'rgb(243, 245, 247)');
      await page.context().close();
    },
    600_000,
  );

  test('has every call, its fields and its refusals', async () => {
    const { url, document: address } = servers[name]();
    const { page } = await openPage(browser);
    await page.goto(`${url}/docs`);
    const shown = await page.evaluate(() => ({
      text: document.body.textContent ?? '',
      ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
      targets: [...document.querySelectorAll('a[href^="#"]')].map((link) => link.getAttribute('href')?.slice(1)),
    }));
    expect(new Set(shown.ids).size).toBe(shown.ids.length);
    expect(shown.targets.filter((target) => !shown.ids.includes(target ?? ''))).toEqual([]);

    const described = (await (await fetch(`${url}${address}`)).json()) as Json;
    const calls = Object.values(described.paths as Record<string, Record<string, { operationId: string }>>);
    const operationIds = calls.flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
    expect(operationIds.filter((id) => !shown.ids.includes(id))).toEqual([]);
    const sentences = descriptionsIn(described);
    expect(sentences.size).toBeGreaterThan(40);
    expect([...sentences].filter((sentence) => !shown.text.includes(sentence))).toEqual([]);
    await page.context().close();
  }, 60_000);

  test('is read only', async () => {
    const answer = await fetch(`${servers[name]().url}/docs`, { method: 'POST' });
    expect([404, 405]).toContain(answer.status);
  });

  test('allows its page no script from elsewhere and no inline style', async () => {
    const { headers } = await fetch(`${servers[name]().url}/docs`);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("style-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:/);
  });
});

test('an example of the reference is a command that works as it stands', async () => {
  const { page } = await openPage(browser);
  await page.goto(`${api.url}/docs`);
  const command = await page
    .locator('.call', { has: page.locator('#postQuotes') })
    .locator('pre')
    .textContent();
  await page.context().close();
  const here = command?.replace(api.deps.config.FREEHOLD_PUBLIC_URL, api.url) ?? '';
  const { stdout } = await promisify(execFile)('sh', ['-c', `${here} -s -w '\n%{http_code}'`]);
  expect(stdout.split('\n').at(-1)).toBe('201');
}, 30_000);

test('the list of contents and the calls are reached with the keyboard alone', async () => {
  const { page } = await openPage(browser, { viewport: { width: 1280, height: 800 } });
  await page.goto(`${api.url}/docs`);
  await page.keyboard.press('Tab');
  expect(await page.locator(':focus').textContent()).toBe('Skip to the calls');
  await page.keyboard.press('Enter');
  expect(await page.locator(':focus').getAttribute('id')).toBe('calls');
  const first = page.locator('nav summary').first();
  await first.focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  const wanted = await page.locator(':focus').getAttribute('href');
  await page.keyboard.press('Enter');
  expect(new URL(page.url()).hash).toBe(wanted);
  await page.context().close();
}, 30_000);

type Json = Record<string, unknown>;

/** Every description of a document, as a page shows it. */
function descriptionsIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    if (key !== 'description' || typeof inner !== 'string') descriptionsIn(inner, found);
    // Where an answer has a body, the kind of its body is shown in place of these.
    else if (!/^(As asked|Done|Not now)\.$/.test(inner)) {
      for (const paragraph of inner.replaceAll('`', '').split('\n\n')) found.add(paragraph);
    }
  }
  return found;
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `reference-${name.replaceAll(' ', '-')}.png`) });
}
