import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import chromium from '@sparticuz/chromium';
import { type Browser, type BrowserContextOptions, chromium as driver, type Page } from 'playwright-core';
import { overhang } from '../support/overhang.ts';
import {
  type LicensedMachine,
  type LicensedMachines,
  password,
  startLicensedMachines,
} from './support/licensed-machine.ts';
import { adminEmail, hostname } from './support/start-host.ts';

let machines: LicensedMachines;
let machine: LicensedMachine;
let browser: Browser;
let pictures = 0;

beforeAll(async () => {
  machines = await startLicensedMachines();
  machine = await machines.machine('PAGES', { limits: { users: 3, domains: 2, brands: 1, plugins: 1, devices: null } });
  await machine.boot();
  await machine.untilHealth('ok');
  browser = await driver.launch({
    executablePath: await chromium.executablePath(),
    args: [
      ...chromium.args.filter((flag) => flag !== '--single-process'),
      `--host-resolver-rules=MAP * 127.0.0.1:${machine.port()}`,
    ],
    headless: true,
  });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await machines.stop();
});

/** Violations of accessibility rules on the page; saves its picture where `SCREENSHOTS` names a folder. */
async function faultsOf(page: Page): Promise<string[]> {
  if (process.env.SCREENSHOTS) {
    pictures += 1;
    await page.screenshot({ path: join(process.env.SCREENSHOTS, `host-${pictures}.png`), fullPage: true });
  }
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

describe('pages in a browser', () => {
  test.each(['light', 'dark'] as const)(
    'a person’s first minutes, accessible, in %s colours',
    async (colorScheme) => {
      const context = await browser.newContext({ colorScheme });
      const page = await context.newPage();
      const refusedByPolicy: string[] = [];
      page.on('console', (message) => {
        if (/Content Security Policy/.test(message.text())) refusedByPolicy.push(message.text());
      });
      await page.goto(`http://${hostname}/`);
      expect(await faultsOf(page)).toEqual([]);
      if (colorScheme === 'light') {
        await page.getByRole('link', { name: 'Create account' }).click();
        await page.getByLabel('E-mail address').fill('other@acme.example');
        await page.getByLabel('Password').fill(password);
        await page.getByRole('button', { name: 'Create account' }).click();
        expect(await page.getByRole('alert').textContent()).toContain('not authorised');
        expect(await faultsOf(page)).toEqual([]);
        await page.getByLabel('E-mail address').fill(adminEmail);
        await page.getByLabel('Password').fill(password);
        await page.getByRole('button', { name: 'Create account' }).click();
        await page.getByLabel('Domain', { exact: true }).fill('iot.acme.example');
        await page.getByRole('button', { name: 'Add domain' }).click();
        await page.getByRole('status').waitFor();
        await page.getByLabel('Name', { exact: true }).fill('Acme Sensors');
        await page.getByLabel('Accent colour').fill('#ffd400');
        await page.getByLabel('Header colour').fill('#7a1f5c');
        await page.getByLabel('Logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: onePixel });
        await page.getByRole('button', { name: 'Add brand' }).click();
        await page.getByText('The brand was added').waitFor();
        await page.getByLabel('Name of the device').fill('Greenhouse');
        await page.getByRole('button', { name: 'Add device' }).click();
        expect(await page.locator('.secret').textContent()).toMatch(/^fhd_/);
        expect(await faultsOf(page)).toEqual([]);
        await page.getByRole('link', { name: 'I have copied the credential' }).click();
        expect(await faultsOf(page)).toEqual([]);
      } else {
        await page.getByLabel('E-mail address').fill(adminEmail);
        await page.getByLabel('Password').fill(password);
        await page.getByRole('button', { name: 'Sign in' }).click();
      }
      await page.goto(`http://${hostname}/`);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(hostname);
      expect(await page.getByText('In order').isVisible()).toBe(true);
      expect(await faultsOf(page)).toEqual([]);
      expect(refusedByPolicy).toEqual([]);
      await context.close();
    },
    60_000,
  );

  test('the sign-in page of a brand has its name, colours and logo, and stays readable', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ colorScheme });
      const page = await context.newPage();
      await page.goto('http://iot.acme.example/');
      expect(await page.title()).toBe('Sign in · Acme Sensors');
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Acme Sensors');
      const band = page.locator('header');
      expect(await band.evaluate((element) => getComputedStyle(element).backgroundColor)).toBe('rgb(122, 31, 92)');
      const logo = page.locator('header img');
      expect(await logo.evaluate((element) => (element as HTMLImageElement).naturalWidth)).toBe(1);
      expect(await faultsOf(page)).toEqual([]);
      await context.close();
    }
    expect((await machine.call('/sign-in')).text).not.toContain('Acme Sensors');
  }, 30_000);
});

describe('a page that says what is wrong', () => {
  test('keeps what was typed beside a logo that is too large', async () => {
    const page = await signedIn();
    await page.getByLabel('Domain', { exact: true }).fill('bücher.acme.example');
    await page.getByRole('button', { name: 'Add domain' }).click();
    await page.getByText('bücher.acme.example xn--bcher-kva.acme.example').waitFor();
    await page.locator('#brands summary').click();
    await page.getByRole('button', { name: 'Remove Acme Sensors' }).click();
    for (const size of [65_537, 200_000, 3_000_000]) {
      await page.getByLabel('Name', { exact: true }).fill('Bücher Sensors');
      await page.locator('#brand-domain').selectOption({ label: 'bücher.acme.example' });
      await page.getByLabel('Accent colour').fill('#ffd400');
      const buffer = Buffer.concat([onePixel, Buffer.alloc(size - onePixel.length)]);
      await page.getByLabel('Logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer });
      await page.getByRole('button', { name: 'Add brand' }).click();
      await page.getByRole('alert').waitFor();
      expect(await page.locator('#brand-logo-fault').textContent()).toBe('Choose a logo of at most 64 kB.');
      expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Bücher Sensors');
      expect(await page.getByLabel('Accent colour').inputValue()).toBe('#ffd400');
      expect(await page.locator('#brand-domain').inputValue()).toBe('xn--bcher-kva.acme.example');
    }
    expect(await faultsOf(page)).toEqual([]);
    await page.context().close();
  }, 60_000);

  test('is not found at an address that cannot be read', async () => {
    for (const path of ['/devices/%E0%A4%A', '/%', '/brands/%zz/logo']) {
      const answer = await machine.call(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.text).not.toContain('body in');
    }
    expect((await machine.call('/api/devices/%E0%A4%A/readings')).json()).toMatchObject({ code: 'not_found' });
  });
});

describe('a page fits', () => {
  test.each([
    [360, 'light'],
    [360, 'dark'],
    [1280, 'light'],
    [1280, 'dark'],
  ] as const)(
    'a screen of %d px in %s colours, whatever long names it shows, without scrolling sideways',
    async (width, colorScheme) => {
      const page = await signedIn({ viewport: { width, height: 800 }, colorScheme });
      const letters = `${'W'.repeat(50)}${width}${colorScheme}`;
      await page.getByLabel('Name of the device').fill(letters);
      await page.getByRole('button', { name: 'Add device' }).click();
      await page.getByRole('heading', { level: 1, name: letters }).waitFor();
      expect(await overhang(page)).toEqual([]);
      expect(await faultsOf(page)).toEqual([]);
      await page.getByRole('link', { name: 'I have copied the credential' }).click();
      await page.getByText('This device has sent nothing yet.').waitFor();
      expect(await overhang(page)).toEqual([]);
      await page.goto(`http://${hostname}/`);
      await page.getByText(letters).first().waitFor();
      expect(await overhang(page)).toEqual([]);
      expect(await faultsOf(page)).toEqual([]);
      await page.context().close();
    },
    60_000,
  );
});

/** A page of the administrator. */
async function signedIn(look: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(look);
  const page = await context.newPage();
  await page.goto(`http://${hostname}/`);
  await page.getByLabel('E-mail address').fill(adminEmail);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: hostname }).waitFor();
  return page;
}

describe('headers', () => {
  test('no page may load, run or be framed by anything from elsewhere', async () => {
    const { headers } = await machine.call('/sign-in');
    const policy = headers['content-security-policy'];
    expect(policy).toBe(
      "default-src 'none';style-src 'self';img-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
    );
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-powered-by']).toBeUndefined();
  });

  test('what somebody typed comes back as text, never as markup', async () => {
    const visitor = machine.visitor();
    const answer = await visitor.submit('/sign-in', '/sign-in', {
      email: '"><script>alert(1)</script>',
      password: 'x',
    });
    expect(answer.status).toBe(422);
    expect(answer.text).not.toContain('<script>');
    expect(answer.text).toContain('&lt;script&gt;');
  });
});

const onePixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
