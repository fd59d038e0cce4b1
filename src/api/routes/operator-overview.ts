import { FindRequest, Found, PlatformStatus } from '../../contracts/api/operator.ts';
import { route } from '../../routing/route.ts';
import { version } from '../../runtime/version.ts';
import { requireOperator } from '../guards/require-operator.ts';
import { findRecords } from '../operators/find-records.ts';
import { readReadiness } from '../readiness.ts';
import { operatorInstanceViews } from '../views/instance-view.ts';
import { operatorOperationView } from '../views/operation-view.ts';
import { operatorOrderView } from '../views/order-view.ts';
import { ticketView } from '../views/ticket-view.ts';

const tag = 'Operators';
const guard = requireOperator;

export const operatorOverviewRoutes = [
  route({
    method: 'get',
    path: '/v1/operator/status',
    tag,
    summary: 'The platform at a glance',
    description: 'What waits for an operator, how many orders and servers are in which state, and what is unreachable.',
    guard,
    answers: { 200: PlatformStatus },
    problems: [],
    handler: async ({ deps }) => {
      const { store } = deps;
      const [readiness, waiting, tickets, orders, instances] = await Promise.all([
        readReadiness(deps),
        store.operations.countWith('needs_operator'),
        store.tickets.countOpen(),
        store.orders.countOpenByState(),
        store.instances.countByStatus(),
      ]);
      return { status: 200, body: { version, ...readiness, waiting, tickets, orders, instances } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/operator/find',
    tag,
    summary: 'Find orders, servers, operations, accounts and tickets',
    description:
      'By an id of ours or of Stripe, a licence, an e-mail address, or a hostname or its first label. Changes nothing; ' +
      'the text is in the body so that no log holds an address.',
    guard,
    body: FindRequest,
    answers: { 200: Found },
    problems: [],
    handler: async ({ deps, body: { text } }) => {
      const { orders, instances, operations, accounts, tickets, more } = await findRecords(deps, text);
      return {
        status: 200,
        body: {
          orders: orders.map((order) => operatorOrderView(deps, order)),
          instances: await operatorInstanceViews(deps, instances),
          operations: operations.map((operation) => operatorOperationView(deps, operation)),
          accounts: accounts.map(({ _id: id, email }) => ({ id, email })),
          tickets: tickets.map(ticketView),
          more,
        },
      };
    },
  }),
];
