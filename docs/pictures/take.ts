/**
 * Retakes the pictures of README.md and docs/, from a real platform in a separate folder: `node docs/pictures/take.ts`,
 * after `npm run setup`. Needs python3 (its `pty`, so that the demo sees a terminal).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import sparticuz from '@sparticuz/chromium';
import { chromium, type Page } from 'playwright-core';
import type { AcceptedOrder } from '../../src/contracts/api/orders.ts';
import type { TimelineEvent } from '../../src/contracts/events.ts';
import { createCustomer } from '../../src/embedded/demo/customer.ts';
import { payWithCard, testCards } from '../../src/embedded/demo/pay-with-card.ts';
import { screenLines, terminalPage } from './terminal-screen.ts';

const columns = 118;
const launcher = join(import.meta.dirname, '..', '..', 'toolchain', 'run.mjs');
const spawnInTerminal = 'import pty, sys; pty.spawn(sys.argv[1:])';
/** How long a page may take to show the subject of the picture, ms. */
const timeoutMs = 60_000;
/** Crop without the Temporal UI's menu and top bar. */
const belowTop = { left: 50, top: 105 };

const folder = mkdtempSync(join(tmpdir(), 'freehold-pictures-'));
const demo = startDemo();
const browser = await chromium.launch({
  executablePath: await sparticuz.executablePath(),
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
try {
  await demo.until('Everything keeps running until Ctrl-C.');
  const page = await browser.newPage({ colorScheme: 'light', deviceScaleFactor: 1 });
  page.setDefaultTimeout(timeoutMs);
  await takeTerminal(page);
  const platform = openPlatform();
  await takeBuilding(page, platform);
  await takeWaiting(page, platform);
} finally {
  await browser.close();
  await demo.end();
  rmSync(folder, { recursive: true, force: true });
}

/** The demo on a separate pseudo-terminal, running until it is told to stop. */
function startDemo() {
  const { CI: _, NO_COLOR: __, ...own } = process.env;
  const env = { ...own, TERM: 'xterm-256color' };
  const size = `stty cols ${columns} rows 80; exec "$0" "$@"`;
  const child: ChildProcess = spawn(
    'python3',
    ['-c', spawnInTerminal, '/bin/sh', '-c', size, process.execPath, launcher, 'demo'],
    { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'], env },
  );
  let output = '';
  let over = false;
  child.once('exit', () => {
    over = true;
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return {
    output: () => output,
    async until(text: string): Promise<void> {
      while (!output.includes(text)) {
        if (over) throw new Error(`the demo ended:\n${screenLines(output).join('\n')}`);
        await delay(100);
      }
    },
    async end(): Promise<void> {
      if (over) return;
      const ended = once(child, 'exit');
      child.stdin?.write('\x03');
      await ended;
    },
  };
}

type Platform = ReturnType<typeof openPlatform>;

/** The platform that the demo left running, for a customer and for injecting cloud faults. */
function openPlatform() {
  const ports = JSON.parse(readFileSync(join(folder, '.freehold', 'ports.json'), 'utf8')) as Record<string, number>;
  const token = readFileSync(join(folder, '.freehold', 'keys', 'cloud-token'), 'utf8').trim();
  const customer = createCustomer(`http://127.0.0.1:${ports.api}`);
  const faults = async (method: 'POST' | 'DELETE', fault?: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const init = fault ? { method, headers, body: JSON.stringify(fault) } : { method, headers };
    const { ok, status } = await fetch(`http://127.0.0.1:${ports.cloud}/v1/faults`, init);
    if (!ok) throw new Error(`the cloud refused the fault with ${status}`);
  };
  return {
    customer,
    setFault: (fault: object) => faults('POST', fault),
    clearFaults: () => faults('DELETE'),
    workflowPage: (id: string) =>
      `http://127.0.0.1:${ports['temporal-ui']}/namespaces/default/workflows/${encodeURIComponent(id)}`,
  };
}

/** Orders and pays a server, and returns once `when` has happened to it. */
async function order(
  { customer }: Platform,
  name: string,
  when: (event: TimelineEvent) => boolean,
): Promise<AcceptedOrder> {
  const {
    id: quoteId,
    signature,
    holdToken,
  } = await customer.quote({
    ...{ plan: 'GROW', cycle: 'monthly', cloud: 'local', region: 'home', name },
    ...{ addOns: { users: 2 }, country: 'ES', accounts: 5 },
  });
  const people = {
    adminEmail: 'ada@example.com',
    billingEmail: 'accounts@example.com',
    billing: { name: 'Acme GmbH' },
  };
  const accepted = await customer.order(
    { quoteId, signature, holdToken, ...people, paymentMethod: 'card' },
    `picture-of-${name}`,
  );
  const { signal } = new AbortController();
  await payWithCard(await customer.payment(accepted, signal), testCards.good);
  for await (const event of customer.events(accepted, signal)) if (when(event)) return accepted;
  throw new Error('the event stream ended');
}

async function takeTerminal(page: Page): Promise<void> {
  const lines = screenLines(demo.output()).map((line) => line.replace(/\b[0-9a-f]{48}\b/, '…'));
  const part = (from: string, to: string) => {
    const starts = (text: string) => lines.findIndex((line) => line.includes(text));
    return lines.slice(starts(from), starts(to) - 1);
  };
  await page.setViewportSize({ width: 900, height: 600 });
  await page.setContent(terminalPage({ lines: ['$ npm run demo', ...part('Freehold demo', 'Summary')], columns: 101 }));
  await save(page, 'terminal', 'main');
  await page.setContent(terminalPage({ lines: part('Summary', 'Time by step'), columns }));
  await save(page, 'terminal-summary', 'main');
}

/** An order while its server is being built: the customer's page and the operation in the Temporal UI. */
async function takeBuilding(page: Page, platform: Platform): Promise<void> {
  await platform.setFault({ createHostMs: 300_000 });
  const accepted = await order(platform, 'greenhouse', (event) => event.type === 'log' && event.step === 'stack-up');
  await page.setViewportSize({ width: 760, height: 1_110 });
  await page.goto(accepted.links.page);
  await page.getByText('Build the server').first().waitFor();
  await delay(4_000);
  await save(page, 'live-page');
  await page.setViewportSize({ width: 1_480, height: 800 });
  await openDetails(page, platform, accepted);
  // Collapses the menu, which stays collapsed.
  const menu = page.getByRole('button', { name: /navigation/i });
  await menu.first().click();
  await save(page, 'temporal-operation', belowTop);
  await platform.clearFaults();
}

/** An order whose step waits for an operator: why and what can be done, and the Update for it. */
async function takeWaiting(page: Page, platform: Platform): Promise<void> {
  await platform.setFault({ createHost: 'quota', times: 1 });
  const accepted = await order(platform, 'orchard', (event) => {
    return event.type === 'step' && event.status === 'needs_operator';
  });
  await page.setViewportSize({ width: 1_480, height: 1_000 });
  await openDetails(page, platform, accepted);
  await save(page, 'temporal-needs-operator', belowTop);

  await page.setViewportSize({ width: 1_080, height: 700 });
  await page.goto(platform.workflowPage(`instance/${accepted.instanceId}`));
  await page.getByRole('button', { name: 'More Actions' }).click();
  await page.getByRole('menuitem', { name: 'Send an Update' }).click();
  const dialog = page.getByRole('dialog').filter({ visible: true });
  await dialog.getByRole('button', { name: 'Select an Update' }).click();
  await dialog.getByRole('option', { name: 'retry-step' }).click();
  await dialog.locator('.cm-content').last().click();
  const { operationId } = accepted;
  const decision = { operationId, step: 'stack-up', attempt: 1, operator: 'ada', why: 'the quota has been raised' };
  await page.keyboard.insertText(JSON.stringify(decision));
  // When the field loses focus the UI formats the JSON.
  await dialog.getByText('Update ID').click();
  await dialog.getByText('"why"').waitFor();
  await save(page, 'temporal-update');
  await dialog.getByRole('button', { name: 'Submit' }).click();
  await page.getByText('Update successful').first().waitFor();
}

/** Opens the details of an order's operation in the Temporal UI. */
async function openDetails(page: Page, platform: Platform, accepted: AcceptedOrder): Promise<void> {
  await page.goto(platform.workflowPage(`instance/${accepted.instanceId}/op/${accepted.operationId}`));
  await page.getByText('User Metadata').click();
  // The UI renders Markdown in separate frames, whose URL contains the text.
  const rendered = () => page.frames().find((frame) => frame.url().includes(encodeURIComponent('Hold the hostname')));
  while (!rendered()) await delay(100);
  await rendered()?.getByText('Hold the hostname').waitFor();
}

/** Saves the page, cropped at its left and top, or the element of a selector, beside this file. */
async function save(page: Page, name: string, part: string | { left: number; top: number } = ''): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  // There is no signal for the end of the UI's own transitions.
  await delay(1_000);
  const path = join(import.meta.dirname, `${name}.png`);
  if (typeof part === 'object') {
    const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
    const clip = { x: part.left, y: part.top, width: width - part.left, height: height - part.top };
    await page.screenshot({ path, animations: 'disabled', clip });
  } else {
    await (part ? page.locator(part) : page).screenshot({ path, animations: 'disabled' });
  }
  console.log(`${name}.png  ${Math.round(statSync(path).size / 1_000)} kB`);
}
