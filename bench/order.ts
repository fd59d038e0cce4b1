import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import type { AcceptedOrder } from '../src/contracts/api/orders.ts';
import type { StepName } from '../src/contracts/steps.ts';
import { stepText } from '../src/domain/operations/operation-texts.ts';
import { type Customer, createCustomer } from '../src/embedded/demo/customer.ts';
import { payWithCard, testCards } from '../src/embedded/demo/pay-with-card.ts';
import { type Platform, startPlatform } from '../src/embedded/platform.ts';
import { prepareBareUp } from './bare-up.ts';
import { inParallel, median, quantile, timed } from './statistics.ts';

const sequential = 5;
const parallel = 8;
const width = 4;
const clients = 20;
/** Requests before the measured ones, so that the processes run compiled code as after their first minute. */
const warmUp = 600;
const requests = 600;
const ordersToWarmUp = clients * 3;
/** Enough that the first burst, with all clients at the same moment, carries no more weight than its share. */
const orders = clients * 10;

/**
 * `npm run bench -- order`: what the platform costs on top of Pulumi.
 *
 * (a) the Automation API's bare `up` of the same stack, (b) order accepted to ready through the whole platform, each
 * one after the other and four at a time, alternating in one run so that both see the same machine; then the speed of
 * the API.
 */
export async function benchOrder(): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), 'freehold-bench-state-'));
  say(`starting the platform …`);
  const platform = await startPlatform({
    stateDir,
    ports: 'free',
    overrides: {
      // One customer from one address: the per-address limits are raised, nothing is switched off.
      FREEHOLD_HOLDS_PER_IP: '100000',
      FREEHOLD_HOLDS_PER_ACCOUNT: '100000',
      FREEHOLD_REQUESTS_PER_MINUTE_PER_IP: '1000000',
    },
  });
  try {
    const bare = await prepareBareUp(platform);
    const shop = createShop(platform.urls.api);
    await (await bare()).up();
    await shop.buy();

    say(
      `${clients} clients at once: ${requests} quotes, ${orders} orders; before them ${warmUp} and ${ordersToWarmUp} to warm up`,
    );
    const bareApi = await measureBareEndpoint(platform);
    const api = await measureApi(platform.urls.api);

    say(`\none after the other, ${sequential} each, alternating`);
    const bareTimes: number[] = [];
    const orderTimes: number[] = [];
    const byStep = new Map<StepName, number[]>();
    const firstEvents: number[] = [];
    for (let index = 0; index < sequential; index += 1) {
      const prepared = await bare();
      bareTimes.push(await timed(() => prepared.up()));
      await prepared.remove();
      const bought = await shop.buy();
      orderTimes.push(bought.readyMs);
      firstEvents.push(bought.firstEventMs);
      for (const [step, ms] of bought.steps) byStep.set(step, [...(byStep.get(step) ?? []), ms]);
      say(`  ${index + 1}: bare up ${seconds(bareTimes.at(-1))}, order to ready ${seconds(bought.readyMs)}`);
    }

    say(`\n${width} at a time, ${parallel} each`);
    const prepared = await inParallel(parallel, parallel, bare);
    const bareParallel: number[] = [];
    const bareAll = await timed(() =>
      inParallel(parallel, width, async (index) => bareParallel.push(await timed(() => prepared[index]!.up()))),
    );
    for (const each of prepared) await each.remove();
    const parallelTimes: number[] = [];
    const orderAll = await timed(() =>
      inParallel(parallel, width, async () => parallelTimes.push((await shop.buy()).readyMs)),
    );
    const perMinute = (ms: number) => (parallel * 60_000) / ms;
    say(
      `  bare up: ${perMinute(bareAll).toFixed(1)} a minute; instances ready: ${perMinute(orderAll).toFixed(1)} a minute`,
    );

    say('\nwhere the time of one order goes (median)');
    for (const [step, times] of byStep) say(`  ${stepText(step).title.padEnd(28)} ${seconds(median(times))}`);

    say('\nsummary');
    say(`  bare up, median                   ${seconds(median(bareTimes))}`);
    say(`  order accepted to ready, median   ${seconds(median(orderTimes))}`);
    say(`  bare up, ${width} at a time             ${seconds(median(bareParallel))}`);
    say(`  order to ready, ${width} at a time      ${seconds(median(parallelTimes))}`);
    say(`  first live event, worst           ${seconds(Math.max(...firstEvents))}`);
    say(`  bare quote, same writes, p95      ${bareApi.quote.toFixed(0)} ms`);
    say(`  quote p95                         ${api.quote.toFixed(0)} ms`);
    say(`  bare order, same writes, p95      ${bareApi.accepted.toFixed(0)} ms`);
    say(`  order accepted (202) p95          ${api.accepted.toFixed(0)} ms`);
    say(`  payment ready p95                 ${api.paymentReady.toFixed(0)} ms`);
    say(`  instances ready per minute        ${perMinute(orderAll).toFixed(1)}`);
    say(`  throughput against bare           ${(bareAll / orderAll).toFixed(2)}`);
    say(`one after the other: ratio ${(median(orderTimes) / median(bareTimes)).toFixed(2)}`);
    say(`quote p95 against the bare endpoint: ratio ${(api.quote / bareApi.quote).toFixed(2)}`);
    say(`order accepted p95 against the bare endpoint: ratio ${(api.accepted / bareApi.accepted).toFixed(2)}`);
    say(`${width} at a time: ratio ${(median(parallelTimes) / median(bareParallel)).toFixed(2)}`);
  } finally {
    await platform.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

/** A customer who buys the smallest server repeatedly, and pays as soon as there is something to pay. */
function createShop(api: string) {
  const customer = createCustomer(api);

  async function order(): Promise<AcceptedOrder> {
    const { id: quoteId, signature, holdToken } = await customer.quote(cart(randomName()));
    return customer.order(orderOf({ quoteId, signature, holdToken }), randomBytes(16).toString('hex'));
  }

  return {
    async buy() {
      const accepted = await order();
      const began = performance.now();
      const stop = new AbortController();
      let firstEventMs = 0;
      const steps = new Map<StepName, number>();
      const paying = customer.payment(accepted, stop.signal).then((payment) => payWithCard(payment, testCards.good));
      for await (const event of customer.events(accepted, stop.signal)) {
        firstEventMs ||= performance.now() - began;
        if (event.type === 'step' && event.tookMs !== undefined) steps.set(event.step, event.tookMs);
        if (event.type === 'order' && event.state === 'fulfilled') break;
        if (event.type === 'order' && event.reason) throw new Error(`the order ended: ${event.reason}`);
      }
      const readyMs = performance.now() - began;
      await paying;
      stop.abort();
      return { readyMs, firstEventMs, steps };
    },
  };
}

/** p95 in ms of the bare endpoints, with the same clients after the same warm-up. */
async function measureBareEndpoint(platform: Platform): Promise<{ quote: number; accepted: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-endpoint.ts')], {
    env: { ...process.env, ...platform.env, NODE_ENV: 'production' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [port] = await once(createInterface({ input: child.stdout }), 'line');
  const agents = Array.from({ length: clients }, (_, index) => addressOf(index));
  async function post(path: string, index: number, body: unknown): Promise<{ id: string }> {
    const answer = await request(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      dispatcher: agents[index % clients]!,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.statusCode >= 300) throw new Error(`the bare endpoint answered ${answer.statusCode}`);
    return (await answer.body.json()) as { id: string };
  }
  const quotes: number[] = [];
  const accepted: number[] = [];
  const quoted = await inParallel(warmUp + requests, clients, async (index) => {
    let id = '';
    quotes.push(await timed(async () => ({ id } = await post('/quotes', index, cart(randomName())))));
    return id;
  });
  await inParallel(ordersToWarmUp + orders, clients, async (index) => {
    const order = orderOf({ quoteId: quoted[index]!, signature: '-', holdToken: '-' });
    accepted.push(await timed(() => post('/orders', index, order)));
  });
  child.stdin.end();
  await once(child, 'exit');
  return { quote: quantile(quotes.slice(warmUp), 0.95), accepted: quantile(accepted.slice(ordersToWarmUp), 0.95) };
}

/** Clients are different people: each has its own address, if the machine's loopback has more than one. */
function addressOf(index: number): Agent {
  return new Agent(process.platform === 'linux' ? { localAddress: `127.0.1.${index + 1}` } : {});
}

function randomName(): string {
  return `bench-${randomBytes(5).toString('hex')}`;
}

function cart(name: string) {
  return { plan: 'MAKER', cycle: 'monthly', cloud: 'local', region: 'home', name, addOns: {}, country: 'ES' } as const;
}

function orderOf(quote: { quoteId: string; signature: string; holdToken: string }) {
  const adminEmail = `bench-${randomBytes(6).toString('hex')}@example.com`;
  return { ...quote, adminEmail, billing: { name: 'Bench' }, paymentMethod: 'card' as const };
}

/**
 * p95 in ms of quotes, accepted orders and "payment ready" with many clients at once; the orders are then cancelled.
 */
async function measureApi(api: string) {
  const customers = Array.from({ length: clients }, (_, index) => createCustomer(api, addressOf(index)));
  const quotes: number[] = [];
  const accepted: number[] = [];
  const paymentReady: number[] = [];
  const quoted = await inParallel(warmUp + requests, clients, async (index) => {
    const customer = customers[index % clients]!;
    let quote: Awaited<ReturnType<Customer['quote']>> | undefined;
    quotes.push(
      await timed(async () => {
        quote = await customer.quote(cart(randomName()));
      }),
    );
    return quote!;
  });
  quotes.splice(0, warmUp);
  async function placeOrders(first: number, count: number): Promise<void> {
    const placed = await inParallel(count, clients, async (index) => {
      const customer = customers[index % clients]!;
      const { id: quoteId, signature, holdToken } = quoted[first + index]!;
      let order: AcceptedOrder | undefined;
      accepted.push(
        await timed(async () => {
          order = await customer.order(orderOf({ quoteId, signature, holdToken }), randomBytes(16).toString('hex'));
        }),
      );
      paymentReady.push(await timed(() => customer.payment(order!, AbortSignal.timeout(60_000))));
      return order!;
    });
    await inParallel(placed.length, clients, async (index) => {
      const customer = customers[index % clients]!;
      await customer.cancel(placed[index]!);
      for await (const event of customer.events(placed[index]!, AbortSignal.timeout(120_000))) {
        if (event.type === 'order' && event.state === 'cancelled') return;
      }
      throw new Error('a cancelled order did not end');
    });
  }
  await placeOrders(0, ordersToWarmUp);
  accepted.length = 0;
  paymentReady.length = 0;
  await placeOrders(ordersToWarmUp, orders);
  return {
    quote: quantile(quotes, 0.95),
    accepted: quantile(accepted, 0.95),
    paymentReady: quantile(paymentReady, 0.95),
  };
}

function seconds(ms: number | undefined): string {
  return `${((ms ?? Number.NaN) / 1_000).toFixed(2)} s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
