import { randomBytes } from 'node:crypto';
import { relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AcceptedOrder } from '../../contracts/api/orders.ts';
import type { Quote } from '../../contracts/api/quotes.ts';
import { steps as texts } from '../../contracts/steps.ts';
import { instanceWorkflowId } from '../../contracts/workflow-messages.ts';
import { formatMoney, formatPercent } from '../../domain/billing/money.ts';
import type { Embedded } from '../run-embedded.ts';
import type { Section } from '../terminal.ts';
import { createCustomer } from './customer.ts';
import { type Check, checkNoLeftovers, type DemoContext, type Fault, type FaultName, faults } from './faults.ts';
import { createVisitor } from './first-use.ts';
import { followOrder, type Outcome } from './follow-order.ts';
import { payWithCard, testCards } from './pay-with-card.ts';
import { CheckError, type Summary, showSummary } from './summary.ts';

const administrator = 'ada@example.com';
const payer = 'accounts@example.com';
const stranger = 'eve@example.com';
const password = 'correct horse battery';
/** How long the licence verdict may take to reach the new server's pages, ms. */
const verdictMs = 15_000;

/**
 * Orders a server on a cloud as a customer does and uses it, or provokes a failure of the order and checks from outside
 * that nothing is left of it. Shows everything and returns the summary, whose `ok` says whether every check passed;
 * `onStep` gets the name of each step that begins.
 */
export async function runDemo(
  embedded: Embedded,
  { cloud, fault: faultName }: { cloud: string; fault: FaultName | undefined },
  onStep: (name: string) => void,
): Promise<Summary> {
  const { platform, screen, outside, reach, signal } = embedded;
  const fault: Fault | undefined = faultName && faults[faultName];
  const customer = createCustomer(platform.urls.api);
  const steps: Summary['steps'] = [{ name: 'Platform', ms: embedded.platformMs }];
  const timed = async <T>(
    section: Section,
    name: string,
    work: () => Promise<[result: T, note: string]>,
  ): Promise<T> => {
    onStep(name);
    const row = section.row(name);
    row.start();
    const began = performance.now();
    try {
      const [result, note] = await work();
      row.end('done', note);
      steps.push({ name, ms: performance.now() - began });
      return result;
    } catch (error) {
      row.end('failed', (error as Error).message);
      throw error;
    }
  };

  // The cart, as the pricing page would send it.
  const name = `acme-${randomBytes(3).toString('hex')}`;
  const buying = screen.section('Order', 'as a customer, through the public API');
  const quote = await timed(buying, 'Quote', async () => {
    const request = {
      ...{ plan: 'GROW', cycle: 'monthly', cloud, region: await someRegion(platform.urls.api, cloud), name },
      ...{ addOns: { users: 2, 'extended-support': 1 }, country: 'ES', accounts: 5 },
    };
    const answer = await customer.quote(request);
    return [answer, `${answer.lines[0]?.title}, ${priceText(answer)}`];
  });
  const order = await timed(buying, 'Order', async () => {
    const { id: quoteId, signature, holdToken } = quote;
    const billing = { name: 'Acme GmbH', line1: 'Calle Mayor 1', city: 'Madrid', postalCode: '28013' };
    const request = { quoteId, signature, holdToken, adminEmail: administrator, billingEmail: payer, billing };
    const accepted = await customer.order({ ...request, paymentMethod: 'card' }, randomBytes(16).toString('hex'));
    return [accepted, quote.hostname];
  });
  buying.end();

  const context: DemoContext = { platform, outside, cancel: () => customer.cancel(order) };
  await fault?.before?.(context);
  const outcome = await provision();
  await fault?.after?.(context);

  const checks: Check[] = [];
  let seen: { state: string; revision: number } | null = null;
  if (fault) {
    onStep('Checked from outside');
    const section = screen.section('Checked from outside', 'Stripe, cloud, Pulumi, licence server, DNS, mailbox');
    checks.push(
      ...(await checkNoLeftovers({
        ...{ fault, outside, section, payer },
        order: { id: order.id, instanceId: order.instanceId, state: outcome.state, total: quote.total },
        isNameFree: () => customer.isNameFree(name, cloud),
        addresses: () => reach.resolve(quote.hostname),
      })),
    );
    section.end();
  } else if (outcome.state === 'fulfilled') {
    seen = await useServer();
  } else {
    checks.push({ what: 'Order', ok: false, found: `${outcome.state}: ${outcome.reason ?? 'no reason given'}` });
  }

  onStep('Summary');
  const summary = await sumUp();
  showSummary(screen, summary, (amount) => formatMoney(amount, 'EUR'));
  return summary;

  async function provision(): Promise<Outcome> {
    const section = screen.section('Provisioning', 'live, from the event stream of the order');
    const follow = new AbortController();
    const stop = AbortSignal.any([signal, follow.signal]);
    let acted = false;
    const helpers: Promise<void>[] = [];
    try {
      const [outcome] = await Promise.all([
        followOrder({
          events: customer.events(order, stop),
          section,
          onEvent(event) {
            if (event.type === 'step' && event.status === 'running') onStep(texts[event.step].title);
            if (acted || !fault?.act || !fault.when?.(event)) return;
            acted = true;
            helpers.push(fault.act(context));
          },
        }),
        pay(section, stop),
      ]);
      await Promise.all(helpers);
      steps.push(...outcome.took.map(({ step, ms }) => ({ name: texts[step].title, ms })));
      return outcome;
    } finally {
      follow.abort();
      section.end();
    }
  }

  /** Pays as a browser does; retries a declined card as long as the order accepts attempts. */
  async function pay(section: Section, stop: AbortSignal): Promise<void> {
    const payment = await customer.payment(order, stop);
    const card = fault?.card ?? testCards.good;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await payWithCard(payment, card);
      if ('status' in answer) return;
      section.divider(`card ending in ${card.slice(-4)}: ${answer.declined}, attempt ${attempt}`);
      const { declines } = await declinesAfter(order, attempt, stop);
      if (declines < attempt || (await customer.details(order)).state !== 'awaiting_payment') return;
    }
  }

  /** The order counts a decline when Stripe's webhook has arrived. */
  async function declinesAfter(accepted: AcceptedOrder, attempt: number, stop: AbortSignal) {
    for (;;) {
      const details = await customer.details(accepted);
      if (details.declines >= attempt || details.state !== 'awaiting_payment' || stop.aborted) return details;
      await delay(100);
    }
  }

  async function useServer(): Promise<{ state: string; revision: number }> {
    const { instance } = await customer.details(order);
    const visitor = createVisitor(instance!.url, reach);
    const section = screen.section('First use', instance!.url);
    const expect = (what: string, ok: boolean, found: string) => {
      checks.push({ what, ok, found });
      if (!ok) throw new CheckError(`${what}: ${found}`);
    };
    await timed(section, 'Ready mail', async () => {
      const mails = await outside.mails(order.id);
      const mail = mails.find(({ to }) => to.includes(administrator));
      expect('Ready mail', mail !== undefined, mail?.subject ?? 'no mail to the administrator');
      return [undefined, `“${mail?.subject}”`];
    });
    await timed(section, 'Another address', async () => {
      const answer = await createVisitor(instance!.url, reach).signUp(stranger, password);
      const found = answer.admitted ? `${stranger} was admitted` : answer.sentence;
      expect('Another address is refused', !answer.admitted, found);
      return [undefined, `${stranger} refused: ${found}`];
    });
    await timed(section, 'Create account', async () => {
      const answer = await visitor.signUp(administrator, password);
      expect('The administrator signs up', answer.admitted, answer.admitted ? administrator : answer.sentence);
      return [undefined, administrator];
    });
    const verdict = await timed(section, 'Licence verdict', async () => {
      const deadline = performance.now() + verdictMs;
      let state = await visitor.state();
      while (state.licence.state !== 'OK' && performance.now() < deadline) {
        await delay(100);
        state = await visitor.state();
      }
      expect('The server has its licence', state.licence.state === 'OK', state.licence.state);
      return [state.licence, `${state.licence.state} for ${state.instance.plan}, revision ${state.licence.revision}`];
    });
    await timed(section, 'First device', async () => {
      const device = await visitor.addDevice('Greenhouse');
      await visitor.sendReading(device, { temperature: 21.5 });
      const stored = (await visitor.state()).devices.find(({ id }) => id === device.id)?.lastReading;
      const found = stored ? `temperature ${stored.values.temperature}` : 'the reading is not there';
      expect('A reading is stored', stored?.values.temperature === 21.5, found);
      return [undefined, 'its first reading is stored: temperature 21.5'];
    });
    section.end();
    return verdict;
  }

  async function sumUp(): Promise<Summary> {
    const { urls } = platform;
    const [details, money, licences, mails] = await Promise.all([
      customer.details(order),
      outside.money(order.id),
      outside.licences(order.instanceId),
      outside.mails(order.id),
    ]);
    if (!fault) {
      const kept = money.taken - money.refunded;
      checks.push({ what: 'Money taken', ok: kept === quote.total, found: formatMoney(kept, 'EUR') });
    }
    const delivered = details.state === 'fulfilled' ? details.instance : null;
    const licence = licences[0];
    const ca = relative(process.cwd(), platform.env.FREEHOLD_CA_FILE ?? '');
    const resolve = `${quote.hostname}:${platform.ports.edge}:127.0.0.1`;
    return {
      ok: checks.every(({ ok }) => ok),
      fault: faultName ?? null,
      order: { id: order.id, instanceId: order.instanceId, state: details.state, reason: details.reason ?? null },
      hostname: quote.hostname,
      url: delivered?.url ?? null,
      money: { currency: 'EUR', total: quote.total, taken: money.taken, refunded: money.refunded },
      licence: licence
        ? {
            ...{ id: licence.licenseId, plan: licence.plan, status: licence.status },
            ...{ state: seen?.state ?? null, revision: seen?.revision ?? null },
          }
        : null,
      mails: mails.map(({ id, to, subject }) => ({ to, subject, url: `${urls.mailbox}/mails/${id}` })),
      steps,
      checks,
      links: {
        'Live page': order.links.page,
        'Temporal UI': `${urls.temporalUi}/namespaces/default/workflows/${encodeURIComponent(instanceWorkflowId(order.instanceId))}`,
        Mailbox: urls.mailbox,
        'API docs': `${urls.api}/docs`,
      },
      curl: delivered ? `curl --resolve ${resolve} --cacert ${ca} ${new URL('/healthz', delivered.url)}` : null,
      platformMs: embedded.platformMs,
      totalMs: performance.now(),
    };
  }
}

function priceText({ net, tax, total }: Quote): string {
  const money = (amount: number) => formatMoney(amount, 'EUR');
  return `${money(total)} = ${money(net)} + ${formatPercent(tax.basisPoints)} ${tax.name} ${money(tax.amount)}`;
}

/** The first region of a cloud, as the catalogue lists it. */
async function someRegion(api: string, cloud: string): Promise<string> {
  const catalogue = (await (await fetch(`${api}/v1/catalogue`)).json()) as {
    clouds: { name: string; regions: { name: string }[] }[];
  };
  const region = catalogue.clouds.find(({ name }) => name === cloud)?.regions[0]?.name;
  if (!region) throw new Error(`the catalogue has no region of ${cloud}`);
  return region;
}
