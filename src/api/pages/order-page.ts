import express, { type Express, type Request, type Response } from 'express';
import { type OrderFacts, orderFacts } from '../../contracts/api/order-facts.ts';
import type { TimelineEvent } from '../../contracts/events.ts';
import { OrderId } from '../../contracts/ids.ts';
import { type ReasonCode, ReasonError } from '../../contracts/reasons.ts';
import { primaryHostname } from '../../domain/operations/desired-server.ts';
import { serverIncidentFacts } from '../../domain/operations/server-incident-facts.ts';
import { productLinks } from '../../mail/product-links.ts';
import { html } from '../../routing/html.ts';
import { requestIdOf } from '../../routing/request-id.ts';
import { now } from '../../runtime/clock.ts';
import type { OrderRecord } from '../../store/records.ts';
import { textsOf } from '../../texts/texts.ts';
import type { ApiDeps } from '../deps.ts';
import { concerns } from '../events/stream.ts';
import { setCookie } from '../guards/cookies.ts';
import { capabilityCookie, formTokenOf, opensOrder } from '../guards/order-capability.ts';
import { requireAccount } from '../guards/require-account.ts';
import { findSession } from '../guards/session.ts';
import { cancelOrder } from '../orders/cancel-order.ts';
import { createEstimates } from '../orders/estimates.ts';
import { hostUrl } from '../views/instance-view.ts';
import { operationView } from '../views/operation-view.ts';
import { orderDetailsView } from '../views/order-view.ts';
import { type OrderPage, orderMainHtml, orderPageHtml } from './order-html.ts';
import { logLine } from './order-log.ts';
import { answerPage, type Refusal } from './plain-page.ts';
import { serverOperation } from './server-operation.ts';

const { pages } = textsOf('en');

const linesShown = 300;
const eventsPerRead = 500;
/** Newest operations in which the last drift check is looked for. */
const operationsRead = 10;

const mayRead = requireAccount('viewer', { order: true });
const mayCancel = requireAccount('payer', { order: true });

/**
 * The live page of an order. `/orders/{id}?key=<capability>` stores the capability in a cookie for this order and
 * redirects to the address without it, so that the secret stays out of the history and the Referer.
 */
export function mountOrderPage(app: Express, deps: ApiDeps): void {
  const estimates = createEstimates(deps.store);
  const refusals = { deps, refusalOf: (code: ReasonCode) => refusalFacts(deps, code) };

  app.get('/orders/:id', async (request, response) => {
    await answerPage(response, refusals, async () => {
      const id = orderIdIn(request);
      if (typeof request.query.key === 'string') return keepCapability(deps, response, id, request.query.key);
      const session = await findSession(request, deps);
      const { order } = await mayRead.admit({ request, response, params: { id }, session, deps });
      const page = await readPage(order, formTokenOf(request, { deps, orderId: id, session }));
      const html = request.query.part === 'main' ? orderMainHtml(page) : orderPageHtml(page);
      response.set('Cache-Control', 'no-store').type('html').send(html.html);
    });
  });

  app.post('/orders/:id/cancel', express.urlencoded({ extended: false, limit: '4kb' }), async (request, response) => {
    await answerPage(response, refusals, async () => {
      const id = orderIdIn(request);
      const formToken = String((request.body as { csrf?: unknown } | undefined)?.csrf ?? '');
      const session = await findSession(request, deps);
      const { order, actor } = await mayCancel.admit({ request, response, params: { id }, session, deps, formToken });
      await cancelOrder(deps, order, { by: 'customer', actor, requestId: requestIdOf(response) });
      response.redirect(303, `/orders/${id}`);
    });
  });

  async function readPage(order: OrderRecord, csrfToken: string): Promise<OrderPage> {
    const [operation, instance, operations, events, estimate, hold] = await Promise.all([
      deps.store.operations.find(order.operationId),
      deps.store.instances.find(order.instanceId),
      deps.store.operations.list({ instanceId: order.instanceId }, operationsRead),
      readEvents(deps, order),
      estimates.of(order.quote.subject),
      deps.store.holds.find(order.quote.subject.name),
    ]);
    const at = now();
    // A delivered server may have another name by now than the order.
    const hostname = instance ? primaryHostname(instance.desired) : order.quote.subject.hostname;
    const later = operations.filter(({ _id }) => _id !== order.operationId);
    const server = order.state === 'fulfilled' ? serverOperation(later, at) : undefined;
    const incident =
      order.state === 'fulfilled' && instance
        ? serverIncidentFacts({ status: instance.status, operations: later.map((each) => operationView(each)), events })
        : undefined;
    const details = orderDetailsView(deps, { order, instance, operation, hold });
    const facts = orderFacts({ order: details, operation: details.operation, events, estimate, at });
    return {
      order,
      facts: shownFacts(facts, { server, incident }),
      server,
      incident,
      log: events.slice(-linesShown).map(logLine),
      at,
      hostname,
      serverUrl: hostUrl(deps, hostname),
      csrfToken,
      location: locationOf(deps, order),
      documents: productLinks(deps.config).documents,
    };
  }
}

/** An incident and an operation of the delivered server come before the facts of its order. */
function shownFacts(facts: OrderFacts, { server, incident }: Pick<OrderPage, 'server' | 'incident'>): OrderFacts {
  if (incident) return { ...facts, tone: 'attention', ended: false };
  return server?.headline ? { ...facts, tone: server.headline.tone, ended: false } : facts;
}

/** Titles of cloud and region from the catalogue; their names where it no longer lists them. */
function locationOf({ catalogue }: ApiDeps, { quote }: OrderRecord): string {
  const cloud = catalogue.clouds.find(({ name }) => name === quote.subject.cloud);
  const region = cloud?.regions.find(({ name }) => name === quote.subject.region);
  return `${cloud?.title ?? quote.subject.cloud}, ${region?.title ?? quote.subject.region}`;
}

function orderIdIn(request: Request): string {
  const parsed = OrderId.safeParse(request.params.id);
  if (!parsed.success) throw new ReasonError('not_found');
  return parsed.data;
}

async function keepCapability(deps: ApiDeps, response: Response, id: string, key: string): Promise<void> {
  const order = await deps.store.orders.find(id);
  if (!order || !opensOrder(order, key)) throw new ReasonError('not_found');
  const maxAgeMs = 2 * deps.config.FREEHOLD_CAPABILITY_READ_MS;
  setCookie(response, deps, { name: capabilityCookie(id), value: key, maxAgeMs });
  response.set('Cache-Control', 'no-store').redirect(303, `/orders/${id}`);
}

async function readEvents(deps: ApiDeps, order: OrderRecord): Promise<TimelineEvent[]> {
  const events: TimelineEvent[] = [];
  for (let after = 0; ; ) {
    const page = await deps.store.timeline.page(order.instanceId, after, eventsPerRead);
    events.push(...page.filter((event) => concerns(event, { orderId: order._id })));
    if (page.length < eventsPerRead) return events;
    after = page.at(-1)?.sequence ?? after;
  }
}

/** The page's text for a refusal, in place of the API's. */
function refusalFacts({ config }: ApiDeps, code: ReasonCode): Partial<Refusal> {
  const { withoutLink, unknownLink, backToServer } = pages.order;
  switch (code) {
    case 'not_signed_in': {
      const days = Math.round(config.FREEHOLD_CAPABILITY_READ_MS / 86_400_000);
      return {
        title: withoutLink.title,
        lead: withoutLink.lead({ days }),
        next: html`${withoutLink.programs({
          call: html`<code>POST /v1/sign-in/codes</code>`,
          api: html`<a href="/docs">${withoutLink.api}</a>`,
        })}`,
      };
    }
    case 'not_found':
      return { lead: unknownLink };
    case 'already_ready':
      return { lead: backToServer };
    default:
      return {};
  }
}
